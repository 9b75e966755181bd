//! Arguments of `run bookings`.
//!
//! It doesn't know what a booking is.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::SeaArgs;

const EXAMPLES: &str = "\
Examples:
  archipelago run bookings --bookings hotel_bookings.csv.gz
  archipelago run bookings --bookings hotel_bookings.csv.gz --rooms 200,150 --serial --durability os
  archipelago run bookings --bookings hotel_bookings.csv.gz --rooms 200,150 --data sea
      stop it at any time and give the same line again: it continues, and books nothing twice

The file is a CSV in the form of Hotel Booking Demand (Antonio, Almeida, Nunes 2019, doi
10.1016/j.dib.2018.11.126), plain or gzip. One row is one booking: a room in each of its nights and
then its price, all or nothing. Day by day bookings made before end as the file says, then the day's
bookings are made, then those of them that end on the same day. With --serial each booking is made
after the answer to the one before; the ends of one part of a day, which only give back, go together.";

/// `run bookings`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BookingsArgs {
    /// The bookings, as CSV or gzipped CSV
    #[arg(long, value_name = "FILE")]
    pub bookings: PathBuf,
    /// How many rooms the two hotels have [default: always one more]
    #[arg(long, value_name = "CITY,RESORT", allow_negative_numbers = true)]
    pub rooms: Option<Rooms>,
    /// Where and how they are booked.
    #[command(flatten)]
    pub sea: SeaArgs,
}

/// The rooms of the city hotel and of the resort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rooms {
    /// Of the city hotel.
    pub city: u32,
    /// Of the resort.
    pub resort: u32,
}

impl FromStr for Rooms {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = |text: &str| text.trim().parse::<u32>().ok();
        let both = text.split_once(',').and_then(|(a, b)| Some((count(a)?, count(b)?)));
        let (city, resort) = both.ok_or("two whole numbers are wanted, such as 200,150")?;
        Ok(Self { city, resort })
    }
}
