//! Reading an instruction's data: the arguments in Borsh, and not a byte more.

use crate::errors::Error;

/// What of the data has not been read yet.
pub struct Arguments<'a>(&'a [u8]);

impl<'a> Arguments<'a> {
    /// Starts to read.
    #[inline(always)]
    pub const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// So many bytes.
    #[inline(always)]
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Error::InvalidInstructionData)?;
        self.0 = rest;
        Ok(array)
    }

    #[inline(always)]
    pub fn u8(&mut self) -> Result<u8, Error> {
        let [byte] = *self.array()?;
        Ok(byte)
    }

    /// A bool, which Borsh writes as 0 or 1.
    #[inline(always)]
    pub fn flag(&mut self) -> Result<bool, Error> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::InvalidInstructionData),
        }
    }

    #[inline(always)]
    pub fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(*self.array()?))
    }

    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(*self.array()?))
    }

    /// A string's bytes; whether they are text is for the caller to say.
    #[inline(always)]
    pub fn string(&mut self) -> Result<&'a [u8], Error> {
        let length = self.u32()? as usize;
        let (string, rest) = self.0.split_at_checked(length).ok_or(Error::InvalidInstructionData)?;
        self.0 = rest;
        Ok(string)
    }

    /// Refuses bytes that nobody asked for.
    #[inline(always)]
    pub fn end(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::InvalidInstructionData)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_order_to_the_last_byte() {
        let data = [7, 1, 2, 0, 0, 0, b'h', b'i', 9, 0, 0, 0, 0, 0, 0, 0];
        let mut arguments = Arguments::new(&data);
        assert_eq!(arguments.u8(), Ok(7));
        assert_eq!(arguments.flag(), Ok(true));
        assert_eq!(arguments.string(), Ok(&b"hi"[..]));
        assert_eq!(arguments.u64(), Ok(9));
        assert_eq!(arguments.end(), Ok(()));
    }

    #[test]
    fn refuses_too_little_too_much_and_nonsense() {
        let refused = Error::InvalidInstructionData;
        assert_eq!(Arguments::new(&[1, 2, 3]).u32(), Err(refused));
        assert_eq!(Arguments::new(&[2]).flag(), Err(refused));
        assert_eq!(Arguments::new(&[3, 0, 0, 0, b'h', b'i']).string(), Err(refused));
        assert_eq!(Arguments::new(&[0xff; 8]).string(), Err(refused));
        assert_eq!(Arguments::new(&[0]).end(), Err(refused));
    }
}
