//! Files swapped, missing, doubled, over one another, under other names.
//!
//! Rules: every pair, every file. What no log can see is counted for itself: last files that are
//! gone take their commits with them.

use std::fs;

use archipelago::journal::SEGMENTS_FOLDER;

use crate::damage::{MayLose, Sound};
use crate::tally::Tally;

pub(crate) fn run(tally: &mut Tally) -> Result<(), String> {
    let sound = Sound::new(11);
    let files = &sound.files;
    let put =
        |at: usize, bytes: &[u8]| fs::write(sound.file(at), bytes).expect("it can be written");
    for one in 0..files.len() {
        for other in 0..files.len() {
            if one == other {
                continue;
            }
            if one < other {
                sound.restore();
                put(one, &files[other].1);
                put(other, &files[one].1);
                add(&sound, tally, "two files swapped", MayLose::Nothing)?;
            }
            sound.restore();
            put(one, &files[other].1);
            add(&sound, tally, "a file over another", MayLose::Nothing)?;
        }
        let folder = sound.data.join(SEGMENTS_FOLDER);
        sound.restore();
        let next = format!("{:08}.segment", files.len() + 1);
        fs::write(folder.join(next), &files[one].1).map_err(|error| error.to_string())?;
        add(&sound, tally, "a file twice, under the next number", MayLose::Nothing)?;
        sound.restore();
        let name = format!("copy of {:08}.segment", one + 1);
        fs::write(folder.join(name), &files[one].1).map_err(|error| error.to_string())?;
        add(&sound, tally, "a file twice, under a name of its own", MayLose::Nothing)?;
        sound.restore();
        fs::write(sound.file(one), b"").map_err(|error| error.to_string())?;
        add(&sound, tally, "a file emptied", MayLose::Nothing)?;
        sound.restore();
        fs::remove_file(sound.file(one)).map_err(|error| error.to_string())?;
        if one + 1 < files.len() {
            add(&sound, tally, "a file missing before others", MayLose::Nothing)?;
        } else {
            add(&sound, tally, "the last file missing: no log can see it", MayLose::TheEnd)?;
        }
    }
    sound.restore();
    add(&sound, tally, "put back", MayLose::Nothing)
}

fn add(sound: &Sound, tally: &mut Tally, done: &'static str, may: MayLose) -> Result<(), String> {
    let outcome = sound.outcome(may).map_err(|breach| format!("{done}: {breach}"))?;
    tally.add(done, outcome, 1);
    Ok(())
}
