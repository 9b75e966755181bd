//! Tests of bookings made one after the other: the islands accept what one shared book would.

mod net;
mod one_book;
mod serial;
