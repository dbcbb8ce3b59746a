//! Arguments of policies: names and values, as a scheduler configuration tells them.

/// A value of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentValue {
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// What a profile says of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyArgs {
    /// The policy's name.
    pub policy: String,
    /// The arguments that are given, by name, in their order.
    pub values: Vec<(String, ArgumentValue)>,
}
