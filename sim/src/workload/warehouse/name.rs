//! The names of a warehouse.
//!
//! It doesn't know how a name is kept.

use archipelago::patterns::stock::Resource;

pub use crate::workload::name::BadName;
use crate::workload::name::name;

name!(
    /// The code of a product: 1 to 16 bytes, such as `85123A`.
    ProductCode,
    16
);
name!(
    /// The number of an order, or of a return: 1 to 15 bytes, such as `536365` or `C536379`.
    OrderNumber,
    15
);
name!(
    /// Who orders: 1 to 32 bytes, a customer's number such as `17850`, or `guest:536414`.
    Login,
    32
);

impl Login {
    /// Whether it stands for a customer who comes back, or for one order of nobody known.
    #[must_use]
    pub fn kind(&self) -> LoginKind {
        if self.0.starts_with(b"guest:") { LoginKind::Guest } else { LoginKind::Customer }
    }
}

/// The two kinds of logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginKind {
    /// Has a balance, and so can return.
    Customer,
    /// Has none.
    Guest,
}

impl Resource for ProductCode {
    fn key(&self) -> impl AsRef<[u8]> {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use archipelago_core::codec::{decode, encode};

    use super::*;

    #[test]
    fn a_name_comes_back_and_what_is_none_is_refused() {
        let code = ProductCode::try_from("gift_0001_40abcd").unwrap();
        let mut bytes = Vec::new();
        encode(&code, &mut bytes).unwrap();
        assert_eq!(decode::<ProductCode>(&bytes), Ok(code));
        assert_eq!((code.as_str().len(), format!("{code:>20}").len()), (16, 20));
        assert_eq!(ProductCode::try_from(""), Err(BadName::Empty));
        assert!(matches!(ProductCode::try_from("a\0b"), Err(BadName::Nul(_))));
        assert!(ProductCode::try_from("12345678901234567").is_err());
        assert!(decode::<OrderNumber>(&bytes).is_err(), "16 bytes are too many for a number");
    }

    #[test]
    fn names_sort_as_their_texts_do() {
        let mut texts = ["85123A", "85123", "m", "M", "22139"];
        let mut codes = texts.map(|text| ProductCode::try_from(text).unwrap());
        texts.sort_unstable();
        codes.sort_unstable();
        assert_eq!(codes.map(|code| code.to_string()), texts);
    }
}
