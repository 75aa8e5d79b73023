//! How often modules are used: counted from logs of requests in which each used module left a line `Module used: NAME`.
//! Reads streams in constant memory, whatever their length; opens no files.

mod count;
mod document;
mod line;
mod read;
mod row;

pub mod query;

pub use count::{Counter, Notes, Unfinished, Usage};
pub use read::{ReadError, read};

/// Stands before the name of a module that a request used.
pub const USED: &str = "Module used:";
