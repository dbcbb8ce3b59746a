//! Interned strings: label keys and values, namespaces, taint keys.

use crate::table::{Id, Symbol, Table};
use rustc_hash::FxHashMap;

/// Strings by symbol. Equal strings have equal symbols.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    texts: Table<Symbol, Box<str>>,
    known: FxHashMap<Box<str>, Symbol>,
}

impl Symbols {
    /// The symbol of `text`, new if it was not known.
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(&known) = self.known.get(text) {
            return known;
        }
        let symbol = self.texts.push(text.into());
        self.known.insert(text.into(), symbol);
        symbol
    }

    /// The symbol of `text`, if it is known.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.known.get(text).copied()
    }

    /// The string behind `symbol`.
    ///
    /// # Panics
    /// If the symbol is not of this table.
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol]
    }

    /// How many strings are known.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// True if nothing was interned yet.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// Labels: key and value, sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels(Vec<(Symbol, Symbol)>);

impl Labels {
    /// Labels from pairs in any order; a later pair of the same key wins.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (Symbol, Symbol)>) -> Self {
        let mut labels = Self::default();
        for (key, value) in pairs {
            labels.set(key, value);
        }
        labels
    }

    /// The value of `key`.
    pub fn get(&self, key: Symbol) -> Option<Symbol> {
        let row = self.0.binary_search_by_key(&key.index(), |pair| pair.0.index()).ok()?;
        Some(self.0[row].1)
    }

    /// Sets the value of `key`.
    pub fn set(&mut self, key: Symbol, value: Symbol) {
        match self.0.binary_search_by_key(&key.index(), |pair| pair.0.index()) {
            Ok(row) => self.0[row].1 = value,
            Err(row) => self.0.insert(row, (key, value)),
        }
    }

    /// Keys and values in key order.
    pub fn iter(&self) -> impl Iterator<Item = (Symbol, Symbol)> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_has_one_symbol_and_comes_back() {
        let mut symbols = Symbols::default();
        let (app, web, again) = (symbols.intern("app"), symbols.intern("web"), symbols.intern("app"));
        assert_eq!((app, symbols.text(web), symbols.find("none")), (again, "web", None));
    }

    #[test]
    fn the_last_value_of_a_label_wins() {
        let mut symbols = Symbols::default();
        let (tier, front, back) = (symbols.intern("tier"), symbols.intern("front"), symbols.intern("back"));
        assert_eq!(Labels::from_pairs([(tier, front), (tier, back)]).get(tier), Some(back));
    }
}
