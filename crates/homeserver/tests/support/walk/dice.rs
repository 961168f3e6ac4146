//! Numbers that follow from a seed.

#[derive(Clone, Copy, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// A name: never twice.
    pub fn id(&mut self) -> [u8; 16] {
        let [low, high] = [self.next(), self.next()].map(u64::to_le_bytes);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&low);
        id[8..].copy_from_slice(&high);
        id
    }
}
