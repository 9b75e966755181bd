//! Which mutants are tried.
//!
//! It doesn't know what they do.

use crate::error::Error;
use crate::mutant::Mutant;

/// A few of them, other ones for each commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// How many.
    pub(crate) count: usize,
    /// The commit.
    pub(crate) commit: String,
}

/// Those of `mutants` that are named, or whose turn it is; all if nothing is said.
///
/// # Errors
/// [`Error::Unknown`].
pub(crate) fn choose(
    mutants: Vec<Mutant>,
    only: &[String],
    rotation: Option<&Rotation>,
) -> Result<Vec<Mutant>, Error> {
    let known = |name: &String| mutants.iter().any(|mutant| mutant.id == *name);
    if let Some(unknown) = only.iter().find(|name| !known(name)) {
        return Err(Error::Unknown(unknown.clone()));
    }
    if let Some(Rotation { count, commit }) = rotation {
        let mut drawn: Vec<(u64, Mutant)> =
            mutants.into_iter().map(|mutant| (draw(commit, &mutant.id), mutant)).collect();
        drawn.sort_by(|(a, first), (b, second)| (a, &first.id).cmp(&(b, &second.id)));
        return Ok(drawn.into_iter().take(*count).map(|(_, mutant)| mutant).collect());
    }
    let wanted = |mutant: &Mutant| only.is_empty() || only.contains(&mutant.id);
    Ok(mutants.into_iter().filter(wanted).collect())
}

/// FNV-1a over both (Fowler, Noll, Vo), its bits mixed: FNV alone would keep neighbours together.
fn draw(commit: &str, id: &str) -> u64 {
    let bytes = commit.bytes().chain([b' ']).chain(id.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutant;

    #[test]
    fn every_commit_draws_a_few_and_many_commits_draw_all() {
        let all = mutant::all(&mutant::worlds().unwrap()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for commit in 0..1_000 {
            let rotation = Rotation { count: 3, commit: format!("{commit:x}") };
            let few = choose(all.clone(), &[], Some(&rotation)).unwrap();
            assert_eq!(few.len(), 3);
            assert_eq!(few, choose(all.clone(), &[], Some(&rotation)).unwrap());
            seen.extend(few.into_iter().map(|mutant| mutant.id));
        }
        assert_eq!(seen.len(), all.len());
    }

    #[test]
    fn a_name_that_is_no_mutants_is_refused() {
        let all = mutant::all(&mutant::worlds().unwrap()).unwrap();
        let first = all[0].id.clone();
        assert_eq!(choose(all.clone(), &[first], None).unwrap().len(), 1);
        assert!(matches!(choose(all, &["Z0".to_owned()], None), Err(Error::Unknown(_))));
    }
}
