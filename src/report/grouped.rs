//! Rows of a table by what they are about, without moving them: a counting sort of their places.

/// The places of rows by group, in their order.
pub struct Grouped {
    begins: Vec<u32>,
    places: Vec<u32>,
}

impl Grouped {
    /// Groups rows; `group_of` tells the group of each row in turn, below `groups`.
    pub fn new(groups: usize, group_of: impl Iterator<Item = usize> + Clone) -> Self {
        let mut begins = vec![0u32; groups + 1];
        let mut rows = 0;
        for group in group_of.clone() {
            begins[group + 1] += 1;
            rows += 1;
        }
        for group in 0..groups {
            begins[group + 1] += begins[group];
        }
        let mut next = begins.clone();
        let mut places = vec![0u32; rows];
        for (place, group) in group_of.enumerate() {
            places[next[group] as usize] = place as u32;
            next[group] += 1;
        }
        Self { begins, places }
    }

    /// The rows of a group.
    pub fn of<'a, T>(&'a self, group: usize, rows: &'a [T]) -> impl Iterator<Item = &'a T> + Clone {
        let places = &self.places[self.begins[group] as usize..self.begins[group + 1] as usize];
        places.iter().map(|place| &rows[*place as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order_within_a_group() {
        let rows = [(1, 'a'), (0, 'b'), (1, 'c'), (3, 'd')];
        let grouped = Grouped::new(4, rows.iter().map(|row| row.0));
        let of = |group| grouped.of(group, &rows).map(|row| row.1).collect::<String>();
        assert_eq!([of(0), of(1), of(2), of(3)], ["b", "ac", "", "d"]);
    }
}
