//! Whether what one client sent reached another exactly once and in order.

use std::collections::BTreeSet;

/// Which messages of one sender arrived. The messages are numbered 0, 1, 2, …
#[derive(Default)]
pub(crate) struct Order {
    /// The number after the highest that arrived.
    next: u64,
    /// Numbers below `next` that did not arrive.
    missing: BTreeSet<u64>,
    doubled: u64,
    disordered: u64,
}

/// How many messages went wrong, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Faults {
    /// Acknowledged and never delivered.
    pub(crate) lost: u64,
    /// Delivered more than once.
    pub(crate) doubled: u64,
    /// Delivered after a later one.
    pub(crate) out_of_order: u64,
}

impl Order {
    pub(crate) fn receive(&mut self, number: u64) {
        if number == self.next {
            self.next += 1;
        } else if number > self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
        } else if self.missing.remove(&number) {
            self.disordered += 1;
        } else {
            self.doubled += 1;
        }
    }

    /// Counts what went wrong, given how many messages were sent and which of them were acknowledged.
    pub(crate) fn faults(&self, sent: u64, acknowledged: impl Fn(u64) -> bool) -> Faults {
        let absent = self.missing.iter().copied().chain(self.next..sent);
        Faults {
            lost: absent.filter(|&number| acknowledged(number)).count() as u64,
            doubled: self.doubled,
            out_of_order: self.disordered,
        }
    }
}

impl Faults {
    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.out_of_order += other.out_of_order;
    }

    /// A line that names what went wrong, if something did.
    pub(crate) fn check(self) -> Result<(), String> {
        if self == Self::default() {
            return Ok(());
        }
        let Self { lost, doubled, out_of_order } = self;
        Err(format!(
            "of the acknowledged messages {lost} were lost, {doubled} doubled, {out_of_order} out of order"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(arrived: &[u64], sent: u64) -> Faults {
        let mut order = Order::default();
        for &number in arrived {
            order.receive(number);
        }
        order.faults(sent, |_| true)
    }

    #[test]
    fn once_and_in_order_is_without_fault() {
        assert_eq!(faults(&[0, 1, 2, 3], 4).check(), Ok(()));
        assert_eq!(faults(&[], 0).check(), Ok(()));
    }

    #[test]
    fn a_loss_is_seen_in_the_middle_and_at_the_end() {
        assert_eq!(faults(&[0, 2, 3], 4).lost, 1);
        assert_eq!(faults(&[0, 1], 4).lost, 2);
        assert_eq!(faults(&[], 4).lost, 4);
        assert!(faults(&[0, 2], 3).check().is_err());
    }

    #[test]
    fn what_was_not_acknowledged_is_not_lost() {
        let mut order = Order::default();
        order.receive(0);
        order.receive(2);
        assert_eq!(order.faults(4, |number| number != 1 && number != 3), Faults::default());
    }

    #[test]
    fn a_double_is_seen() {
        assert_eq!(faults(&[0, 0, 1], 2), Faults { doubled: 1, ..Faults::default() });
        assert_eq!(faults(&[0, 1, 2, 1], 3), Faults { doubled: 1, ..Faults::default() });
    }

    #[test]
    fn a_wrong_order_is_seen_and_is_no_loss() {
        assert_eq!(faults(&[1, 0, 2], 3), Faults { out_of_order: 1, ..Faults::default() });
        assert_eq!(faults(&[0, 3, 2, 1], 4), Faults { out_of_order: 2, ..Faults::default() });
    }
}
