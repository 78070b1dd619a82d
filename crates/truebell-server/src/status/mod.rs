//! What the operator says about this server, and what follows from it: the signed status document, the pages made of it, and what is
//! not served during a maintenance or to a client that is too old. Never here: a word about any account.

mod board;
mod feed;
mod gate;
mod page;
mod site;

pub(crate) use board::Board;
pub use board::{follow, say, say_in};
pub(crate) use gate::guard;
pub use page::Titles;
pub(crate) use site::pages;
pub use site::{FILES, document_of, files, host_of};
