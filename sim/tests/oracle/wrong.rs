//! Recoveries that are wrong, each in one way that real systems were.
//!
//! It doesn't know how they are found.

use std::collections::BTreeMap;
use std::sync::Arc;

use archipelago::drive::apply_block;
use archipelago::journal::{
    BlockRef, JournalError, JournalSettings, Recovered, ScanMode, Storage, scan_on,
};
use archipelago::replay::OpenError;
use archipelago_core::id::{IslandId, Life, LinkSeq};
use archipelago_core::journal::frame::BlockPlace;
use archipelago_core::journal::record::RecordsView;
use archipelago_core::link::chunk::Chunk;
use archipelago_core::replay::Image;
use archipelago_sim::oracle::{Nobody, Owed, Pair, Product, Recovery, Start};

use crate::sea::Toy;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The last record of each block is left out.
    LastRecordDropped,
    /// A state is another, at the same record, from the second block of an island on.
    OtherState,
    /// A torn commit counts as one.
    TornAccepted,
    /// A torn commit is a reason not to open.
    TornRefused,
    /// A torn commit is not cut off.
    CutForgotten,
    /// A journal that lost an acknowledged commit opens.
    LossAccepted,
    /// The peer's last message is taken for not consumed.
    OneTooMany,
    /// The oldest message is freed before it is acked.
    FreedEarly,
    /// The tail goes out twice.
    Twice,
    /// Reading again begins one message late.
    ReadLate,
    /// Reading again ends one message early.
    ReadShort,
}

impl Recovery<Toy> for Wrong {
    fn go_on(
        &mut self,
        storage: &dyn Storage,
        settings: &JournalSettings,
        mode: ScanMode,
        from: &Recovered,
        images: &mut [Image<Toy>],
    ) -> Result<Recovered, OpenError> {
        let wrong = *self;
        let mode = if wrong == Self::CutForgotten { ScanMode::ReadOnly } else { mode };
        let mut sink = |block: BlockRef| -> Result<(), OpenError> {
            let image = &mut images[block.header.island.0 as usize];
            if wrong == Self::LastRecordDropped {
                let mut records = RecordsView::new(block.records());
                for _ in 1..block.header.records {
                    let record = records.next_record().unwrap().unwrap();
                    image.apply(&record).unwrap();
                }
                return Ok(());
            }
            apply_block(image, &block, storage)?;
            if wrong == Self::OtherState && block.header.previous.is_some() {
                image.state.total ^= 1;
            }
            Ok(())
        };
        let found = scan_on(storage, settings, mode, Some(from), &mut sink);
        match (wrong, found) {
            (Self::TornAccepted, Ok(found)) if found.torn.is_some() => {
                Ok(Recovered { last: found.last.next(), ..found })
            }
            (Self::TornRefused, Ok(found)) if found.torn.is_some() => {
                Err(OpenError::Setting("torn".to_owned()))
            }
            (Self::LossAccepted, Err(OpenError::Journal(JournalError::Damaged(_)))) => {
                Ok(from.clone())
            }
            (_, found) => found,
        }
    }

    fn reread(
        &mut self,
        storage: &Arc<dyn Storage>,
        life: Life,
        pair: Pair,
        tail: Option<BlockPlace>,
        first: LinkSeq,
    ) -> Option<Chunk> {
        let mut product = Product;
        let mut read =
            |first| Recovery::<Toy>::reread(&mut product, storage, life, pair, tail, first);
        match self {
            Self::ReadLate => read(first.next()),
            Self::ReadShort => read(first).map(|chunk| Chunk { count: chunk.count - 1, ..chunk }),
            _ => read(first),
        }
    }

    fn restart(&mut self, mut start: Start<Nobody>) -> Result<BTreeMap<Pair, Vec<Owed>>, String> {
        let sent: BTreeMap<Pair, LinkSeq> = start
            .islands
            .iter()
            .flat_map(|(from, (image, _))| {
                let from = *from;
                image.sent.iter().map(move |(to, sent)| ((from, *to), *sent))
            })
            .collect();
        let each = |to: IslandId, from: IslandId, applied: &mut LinkSeq| match self {
            Self::OneTooMany => applied.0 = applied.0.saturating_sub(1),
            Self::FreedEarly if sent.get(&(from, to)) > Some(applied) => applied.0 += 1,
            _ => {}
        };
        for (to, (image, _)) in &mut start.islands {
            image.applied.iter_mut().for_each(|(from, applied)| each(*to, *from, applied));
        }
        let mut sent = Recovery::<Toy>::restart(&mut Product, start)?;
        if *self == Self::Twice {
            for messages in sent.values_mut() {
                messages.extend(messages.clone());
            }
        }
        Ok(sent)
    }
}
