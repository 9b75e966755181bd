//! The embedded runtime.
pub mod patterns;
