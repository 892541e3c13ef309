//! Lines and data for the transaction's log, without `core::fmt`.

const LINE: usize = 96;

/// Logs the parts as one line, cut at 96 bytes.
pub fn joined(parts: &[&str]) {
    let mut line = [0u8; LINE];
    let mut length = 0;
    for part in parts {
        let bytes = part.as_bytes();
        let taken = bytes.len().min(LINE - length);
        line[length..length + taken].copy_from_slice(&bytes[..taken]);
        length += taken;
    }
    write(&line[..length]);
}

/// A number's decimal digits.
pub struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    /// The digits of `number`.
    pub fn new(mut number: u64) -> Self {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
            start = place;
            if number == 0 {
                break;
            }
        }
        Self { digits, start }
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        // SAFETY: only ASCII digits were written.
        unsafe { core::str::from_utf8_unchecked(&self.digits[self.start..]) }
    }
}

#[inline(always)]
fn write(line: &[u8]) {
    #[cfg(target_arch = "bpf")]
    // SAFETY: the syscall reads `line.len()` bytes.
    unsafe {
        solana_define_syscall::definitions::sol_log_(line.as_ptr(), line.len() as u64)
    };
    #[cfg(not(target_arch = "bpf"))]
    core::hint::black_box(line);
}

/// Logs bytes as one `Program data:` line.
#[inline(always)]
pub fn data(bytes: &[u8]) {
    #[cfg(target_arch = "bpf")]
    // SAFETY: the syscall reads one address and length, which is what a `&[u8]` is.
    unsafe {
        solana_define_syscall::definitions::sol_log_data((&raw const bytes).cast(), 1)
    };
    #[cfg(not(target_arch = "bpf"))]
    core::hint::black_box(bytes);
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn digits_are_decimal() {
        assert_eq!(Decimal::new(0).as_str(), "0");
        assert_eq!(Decimal::new(1_250_000).as_str(), "1250000");
        assert_eq!(Decimal::new(u64::MAX).as_str(), "18446744073709551615");
    }
}
