//! The warehouse: customers place orders of several products, and give some back.
//!
//! [`orders`] reads a real file; [`action`] is what is submitted, one after the other.

pub mod action;
pub mod catalog;
pub mod fingerprint;
pub mod load_error;
pub mod orders;
pub mod rows;
