//! Rows reached by typed ids: names enter at the scenario loader and come back in the report; in between there are only ids.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// An id that is a row number.
pub trait Id: Copy {
    /// The id of row `row`.
    ///
    /// # Panics
    /// If there are more than 2³² rows.
    fn new(row: usize) -> Self;
    /// The row number.
    fn index(self) -> usize;
}

/// Declares the id types of tables.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub u32);

        impl Id for $name {
            fn new(row: usize) -> Self {
                Self(u32::try_from(row).expect("a table has fewer than 2^32 rows"))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A node's row.
    NodeId
    /// A Pod's row. Rows of Pods that are gone are reused, so what outlives the Pod, such as an event, also carries the row's generation.
    PodId
    /// A container's row; the containers of a Pod are consecutive.
    ContainerId
    /// An interned Pod template.
    TemplateId
    /// A container image as the scenario names it.
    ImageId
    /// A layer that several images may share.
    LayerId
    /// A pull that goes on or waits; rows are reused.
    PullId
    /// A workload of the scenario.
    WorkloadId
    /// One copy of a workload's objects: a Deployment, a Job.
    InstanceId
    /// An interned string.
    Symbol
    /// An extended or hugepages resource name.
    ResourceId
    /// A node pool.
    PoolId
    /// A zone.
    ZoneId
}

/// Rows of `T`, reached only by their own kind of id.
pub struct Table<I, T> {
    rows: Vec<T>,
    kind: PhantomData<fn(I)>,
}

impl<I: Id, T> Table<I, T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self { rows: Vec::new(), kind: PhantomData }
    }

    /// A table of `len` copies of `row`.
    pub fn filled(len: usize, row: T) -> Self
    where
        T: Clone,
    {
        Self::from(vec![row; len])
    }

    /// Adds a row and gives its id.
    pub fn push(&mut self, row: T) -> I {
        self.rows.push(row);
        I::new(self.rows.len() - 1)
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there are no rows.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows in id order.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The rows in id order, to change.
    pub fn rows_mut(&mut self) -> &mut [T] {
        &mut self.rows
    }

    /// Ids and rows in id order.
    pub fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.rows.iter().enumerate().map(|(row, value)| (I::new(row), value))
    }

    /// Every id in order.
    pub fn ids(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.rows.len()).map(I::new)
    }

    /// The row of `id`, if there is one.
    pub fn get(&self, id: I) -> Option<&T> {
        self.rows.get(id.index())
    }
}

impl<I: Id, T> Index<I> for Table<I, T> {
    type Output = T;
    fn index(&self, id: I) -> &T {
        &self.rows[id.index()]
    }
}

impl<I: Id, T> IndexMut<I> for Table<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.rows[id.index()]
    }
}

impl<I, T> From<Vec<T>> for Table<I, T> {
    fn from(rows: Vec<T>) -> Self {
        Self { rows, kind: PhantomData }
    }
}

impl<I: Id, T> FromIterator<T> for Table<I, T> {
    fn from_iter<R: IntoIterator<Item = T>>(rows: R) -> Self {
        Self::from(Vec::from_iter(rows))
    }
}

impl<I: Id, T> Default for Table<I, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I, T: Clone> Clone for Table<I, T> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), kind: PhantomData }
    }
}

impl<I, T: PartialEq> PartialEq for Table<I, T> {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl<I, T: fmt::Debug> fmt::Debug for Table<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.fmt(f)
    }
}
