//! From a tree to Rust types: a serde deserializer that can say where each value stands.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer, U32Deserializer};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor};

use super::source::Span;
use super::tree::{Node, Tree};

/// The newtype by which [`At`] asks for its place.
const AT: &str = "$place";
/// The variant that a bare scalar stands for in a choice that has it: a number in place of a law is a constant.
pub(crate) const BARE: &str = "constant";

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// What does not fit the type, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) span: Option<Span>,
}

/// Decodes a tree.
pub(crate) fn decode<'de, T: Deserialize<'de>>(tree: &'de Tree) -> Result<T, Fault> {
    T::deserialize(tree)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), span: None }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AtVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for AtVisitor<T> {
            type Value = At<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with a place")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<At<T>, A::Error> {
                let mut number = || parts.next_element::<u32>().map(Option::unwrap_or_default);
                let span = Span { file: number()?, start: number()?, len: number()? };
                let value = parts.next_element()?.ok_or_else(|| de::Error::custom("a value is missing"))?;
                Ok(At { value, span })
            }
        }
        deserializer.deserialize_newtype_struct(AT, AtVisitor(std::marker::PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Gives the three numbers of a place, then the value.
struct Placed<'de> {
    tree: &'de Tree,
    step: u8,
}

impl<'de> SeqAccess<'de> for Placed<'de> {
    type Error = Fault;
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let span = self.tree.label_span();
        self.step += 1;
        let number = |value: u32| -> U32Deserializer<Fault> { value.into_deserializer() };
        match self.step {
            1 => seed.deserialize(number(span.file)).map(Some),
            2 => seed.deserialize(number(span.start)).map(Some),
            3 => seed.deserialize(number(span.len)).map(Some),
            4 => seed.deserialize(self.tree).map(Some),
            _ => Ok(None),
        }
    }
}

impl Tree {
    /// Says where a fault is, unless something inside said so already.
    fn blame<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| Fault { span: fault.span.or_else(|| Some(self.label_span())), ..fault })
    }

    fn visit<'de, V: Visitor<'de>>(&'de self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Number(text) => visit_number(text, visitor),
            Node::Text(text) => visitor.visit_borrowed_str(text),
            Node::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            Node::Map(entries) => {
                let pairs = entries.iter().filter(|(_, value)| value.node != Node::Null);
                visitor.visit_map(MapDeserializer::new(pairs.map(|(key, value)| (key.text.as_str(), value))))
            }
        }
    }
}

fn visit_number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Fault> {
    if let Ok(value) = text.parse::<u64>() {
        return visitor.visit_u64(value);
    }
    if let Ok(value) = text.parse::<i64>() {
        return visitor.visit_i64(value);
    }
    match text.parse::<f64>() {
        Ok(value) => visitor.visit_f64(value),
        Err(_) => visitor.visit_str(text),
    }
}

impl<'de> IntoDeserializer<'de, Fault> for &'de Tree {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Tree {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.blame(self.visit(visitor))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node {
            // A scalar keeps the text that it was written with: `cpu: 2` is the quantity "2".
            Node::Number(text) => self.blame(visitor.visit_borrowed_str(text)),
            Node::Bool(value) => self.blame(visitor.visit_str(if *value { "true" } else { "false" })),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        match name {
            AT => self.blame(visitor.visit_seq(Placed { tree: self, step: 0 })),
            _ => self.blame(visitor.visit_newtype_struct(self)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, variants: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        let choice = match &self.node {
            Node::Map(entries) if entries.len() == 1 => Choice { name: &entries[0].0.text, content: Some(&entries[0].1) },
            Node::Text(text) if variants.contains(&text.as_str()) => Choice { name: text, content: None },
            _ if self.is_scalar() && variants.contains(&BARE) => Choice { name: BARE, content: Some(self) },
            _ => return self.blame(Err(de::Error::custom(format!("one of {} is wanted", variants.join(", "))))),
        };
        self.blame(visitor.visit_enum(choice))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A chosen variant and what is given with it.
struct Choice<'de> {
    name: &'de str,
    content: Option<&'de Tree>,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Fault;
    type Variant = Self;
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let name: StrDeserializer<'de, Fault> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        match self.content {
            Some(content) => seed.deserialize(content),
            None => Err(de::Error::custom(format!("`{}` needs a value", self.name))),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.struct_variant(&[], visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        match self.content {
            Some(content) => content.deserialize_any(visitor),
            None => Err(de::Error::custom(format!("`{}` needs a value", self.name))),
        }
    }
}
