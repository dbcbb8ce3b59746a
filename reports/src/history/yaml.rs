//! JSON values as YAML of the plain kind that `kubectl -o yaml` prints.

use serde_json::Value;

/// `value` as a YAML document.
pub fn yaml(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| entry(&format!("{indent}{key}:"), value, depth, text)),
        Value::Array(items) => items.iter().for_each(|item| {
            let mut inner = String::new();
            block(item, depth + 1, &mut inner);
            // The dash stands in the place of the first line's indent.
            text.push_str(&format!("{indent}- {}", inner.trim_start()));
        }),
        scalar => text.push_str(&format!("{indent}{}\n", plain(scalar))),
    }
}

fn entry(head: &str, value: &Value, depth: usize, text: &mut String) {
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    if empty || !(value.is_object() || value.is_array()) {
        text.push_str(&format!("{head} {}\n", plain(value)));
    } else {
        text.push_str(&format!("{head}\n"));
        block(value, depth + usize::from(value.is_object()), text);
    }
}

/// A scalar; text that could be taken for something else is quoted as in JSON, which YAML reads.
fn plain(value: &Value) -> String {
    let safe = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
            && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str())
    };
    match value {
        Value::String(text) if safe(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_could_be_misread_is_quoted_and_lists_stand_under_their_key() {
        let value = json!({"a": [{"b": "True", "c": "x:1"}, {"b": 3, "d": {"e": "f/g"}}], "h": {}, "i": ["j"]});
        assert_eq!(yaml(&value), "a:\n- b: \"True\"\n  c: \"x:1\"\n- b: 3\n  d:\n    e: f/g\nh: {}\ni:\n- j\n");
    }
}
