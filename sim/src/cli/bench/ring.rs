//! The token ring on our simulator: journal, hashes and all checks on, no faults.
//!
//! N islands stand in a ring and T tokens travel on it. Each delivery is a decision: it counts the
//! token (an event) and forwards it (a typed message) until the token has made its hops.
//!
//! It doesn't know its peers' rings; `benches/peers` has them.

use archipelago::{Island, Turn};
use archipelago_core::id::IslandId;
use serde::{Deserialize, Serialize};

use crate::{Broken, Figures, Simulation};

/// How large a ring is, and how much travels on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Nodes in the ring.
    pub(super) nodes: u32,
    /// Tokens in flight.
    pub(super) tokens: u32,
    /// Deliveries of each token.
    pub(super) hops: u32,
}

impl Size {
    /// Deliveries of all tokens.
    #[must_use]
    pub(super) const fn deliveries(&self) -> u64 {
        self.tokens as u64 * self.hops as u64
    }
}

/// One node of the ring.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Node {
    passed: u64,
    /// Sum of the hops that the tokens had left: what each node saw, not only how often.
    left_sum: u64,
}

/// What a node is asked.
#[derive(Debug, Serialize, Deserialize)]
enum Ask {
    /// A client puts a token on the ring here.
    Launch(Token),
    /// A neighbour passes a token on.
    Pass(Token),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Token {
    number: u32,
    /// Deliveries still to be made.
    left: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Passed(Token);

impl Island for Node {
    type Command = Ask;
    type Event = Passed;
    type Reply = ();

    fn decide(&self, ask: Ask, turn: &mut Turn<Self>) {
        let next = IslandId((turn.island().0 + 1) % turn.islands());
        match ask {
            Ask::Launch(token) => {
                turn.send(next, Ask::Pass(token));
                turn.reply(());
            }
            Ask::Pass(token) => {
                turn.emit(Passed(token));
                if token.left > 1 {
                    turn.send(next, Ask::Pass(Token { left: token.left - 1, ..token }));
                }
            }
        }
    }

    fn evolve(&mut self, Passed(token): &Passed) {
        self.passed += 1;
        self.left_sum += u64::from(token.left);
    }
}

/// The ring of `size`, ready to run; a law checks that every delivery was made once.
#[must_use]
pub(super) fn simulation(size: Size) -> Simulation<impl Island> {
    let Size { nodes, tokens, hops } = size;
    Simulation::of(|_| Node::default())
        .islands(nodes)
        .commands(u64::from(tokens))
        // All tokens at once, as the peers do.
        .command_every_us(1)
        .workload(move |_, number| {
            let number = u32::try_from(number).expect("tokens are counted in u32");
            (number.to_le_bytes(), Ask::Launch(Token { number, left: hops }))
        })
        .finally("every token was delivered at each of its hops", move |islands| {
            let passed: u64 = islands.iter().map(|image| image.state.passed).sum();
            let left: u64 = islands.iter().map(|image| image.state.left_sum).sum();
            let of_token = u64::from(hops) * (u64::from(hops) + 1) / 2;
            let wanted = (size.deliveries(), u64::from(tokens) * of_token);
            match (passed, left) == wanted {
                true => Ok(()),
                false => Err(format!("{passed} deliveries (sum {left}), not {wanted:?}")),
            }
        })
}

/// Runs the ring of `size` for `seed`.
///
/// # Errors
/// The law that it broke.
pub(super) fn run(size: Size, seed: u64) -> Result<Figures, Broken> {
    simulation(size).seed(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_delivers_each_token_at_each_hop_and_a_seed_is_a_promise() {
        let size = Size { nodes: 5, tokens: 7, hops: 11 };
        let figures = run(size, 3).unwrap();
        // What was sent: every delivery was sent once.
        assert_eq!(figures.messages, size.deliveries());
        assert_eq!(figures.digest, run(size, 3).unwrap().digest);
    }
}
