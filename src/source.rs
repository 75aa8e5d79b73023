//! Files: which belong to a run, reading them as text, writing them back whole. Nothing here knows Python's grammar.

mod discover;
mod read;
mod revision;
mod write;

pub use discover::{Entry, Kind, Root, Selection, Tree, discover, file, find_upwards, with_slashes};
pub use read::{SIZE_LIMIT, decode, read, read_leniently, why_read_only};
pub use revision::{Checkout, Repository, Revision, RevisionError, git};
pub use write::{WriteError, create, delete, write};
