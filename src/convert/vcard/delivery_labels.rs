//! LABEL of vCard 2.1 and 3.0: a property beside the ADR that it belongs to (RFC 2426 §3.2.2),
//! where vCard 4.0 has a parameter of ADR. Either is the `full` of the address
//! (RFC 9555 §2.3.12).

use super::entry;
use super::params::{ParamName, ParamSet};
use super::rule::Target;
use super::settle::{Fate, Settled, compare_ignoring_case};
use crate::convert::content_line::{ContentLines, Line};

/// An ADR or a LABEL.
struct Candidate<'c> {
    group: &'c [u8],
    types: Vec<Vec<u8>>,
    is_label: bool,
    index: usize,
}

impl Settled {
    /// Puts each LABEL at the ADR of its group that it belongs to. All that have no group are
    /// a group too.
    ///
    /// Nothing but TYPE and their order tell which one that is. Labels go to the addresses of
    /// the same TYPE, and what is left to what is left, where there are as many of these as
    /// of those; but never to one that is of another kind. Whatever finds no address is
    /// carried.
    pub fn settle_delivery_labels(&mut self, lines: &ContentLines<'_>) {
        let mut candidates = Vec::new();
        for target in [Target::Address, Target::DeliveryLabel] {
            for index in self.converting_to(target) {
                if let Some(line) = lines.line(index) {
                    candidates.push(Candidate {
                        group: line.group(),
                        types: type_set(line),
                        is_label: target == Target::DeliveryLabel,
                        index,
                    });
                }
            }
        }
        // Those of one group and TYPE stay in the card's order.
        candidates.sort_by(|left, right| {
            compare_ignoring_case(left.group, right.group)
                .then_with(|| left.types.cmp(&right.types))
        });
        let of_one_group = |left: &Candidate<'_>, right: &Candidate<'_>| {
            compare_ignoring_case(left.group, right.group).is_eq()
        };
        for group in candidates.chunk_by(of_one_group) {
            let mut left: Vec<&Candidate<'_>> = Vec::new();
            for same in group.chunk_by(|left, right| left.types == right.types) {
                let (labels, addresses): (Vec<_>, Vec<_>) =
                    same.iter().partition(|candidate| candidate.is_label);
                if labels.len() == addresses.len() {
                    self.join_delivery_labels(&labels, &addresses);
                } else {
                    left.extend(same);
                }
            }
            left.sort_unstable_by_key(|candidate| candidate.index);
            let (labels, addresses): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|candidate| candidate.is_label);
            let mut pairs = labels.iter().zip(&addresses);
            let is_clear = labels.len() == addresses.len()
                && !pairs.any(|(label, address)| contradict(&label.types, &address.types));
            match is_clear {
                true => self.join_delivery_labels(&labels, &addresses),
                false => labels
                    .iter()
                    .for_each(|label| self.meet(label.index, Fate::Carried)),
            }
        }
    }

    fn join_delivery_labels(&mut self, labels: &[&Candidate<'_>], addresses: &[&Candidate<'_>]) {
        for (label, address) in labels.iter().zip(addresses) {
            match self.has(address.index, ParamName::Label) {
                true => self.meet(label.index, Fate::Carried),
                false => self.join(label.index, address.index),
            }
        }
    }
}

/// Whether a LABEL has parameters that the address which it has joined does not have.
pub fn loses_params(label: Line<'_>, address: Line<'_>) -> bool {
    if !label.has_params() {
        return false;
    }
    let said = type_set(address);
    let is_said = |value: &[u8]| said.binary_search(&value.to_ascii_lowercase()).is_ok();
    !entry::carried(label, ParamSet::EMPTY, |value| !is_said(value)).is_empty()
}

/// The TYPE values in lower case, each once, in order.
fn type_set(line: Line<'_>) -> Vec<Vec<u8>> {
    let mut types: Vec<_> = entry::types(line).map(<[u8]>::to_ascii_lowercase).collect();
    types.sort_unstable();
    types.dedup();
    types
}

/// Whether both say of what kind they are, and not the same.
fn contradict(left: &[Vec<u8>], right: &[Vec<u8>]) -> bool {
    let kinds = |types: &[Vec<u8>]| types.iter().any(|kind| kind != b"pref");
    let is_of_right = |kind: &Vec<u8>| kind != b"pref" && right.binary_search(kind).is_ok();
    kinds(left) && kinds(right) && !left.iter().any(is_of_right)
}
