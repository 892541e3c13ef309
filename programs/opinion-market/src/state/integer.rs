//! Little-endian integers without alignment, for accounts and events.

macro_rules! little_endian {
    ($($name:ident $integer:ty, $bytes:literal;)*) => {
        $(
            #[doc = concat!("A little-endian ", stringify!($integer), " at any address.")]
            #[derive(Clone, Copy, PartialEq, Eq)]
            #[repr(transparent)]
            pub struct $name([u8; $bytes]);

            impl $name {
                /// The integer.
                #[inline(always)]
                pub const fn get(self) -> $integer {
                    <$integer>::from_le_bytes(self.0)
                }
            }

            impl From<$integer> for $name {
                #[inline(always)]
                fn from(integer: $integer) -> Self {
                    Self(integer.to_le_bytes())
                }
            }
        )*
    };
}

little_endian! {
    U32 u32, 4;
    U64 u64, 8;
    I64 i64, 8;
}
