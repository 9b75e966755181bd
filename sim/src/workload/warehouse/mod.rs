//! The warehouse: customers place orders of several products, and give some back.
//!
//! The folder reads as the way of the demand: [`orders`] (a real file) or [`demand`] (generated)
//! → [`work`] (one shape for both) → [`action`] (what is submitted, one after the other).

pub mod action;
pub mod catalog;
pub mod demand;
pub mod fingerprint;
pub mod load_error;
pub mod orders;
pub mod prng;
pub mod rows;
pub mod work;
