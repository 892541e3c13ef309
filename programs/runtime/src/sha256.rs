/// SHA-256 of the parts, one after the other (85 CU and a few per part).
#[inline(always)]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    #[cfg(target_arch = "bpf")]
    {
        let mut digest = core::mem::MaybeUninit::<[u8; 32]>::uninit();
        // SAFETY: a `&[u8]` is the address and length that the syscall reads, and it always writes 32 bytes.
        unsafe {
            solana_define_syscall::definitions::sol_sha256(
                parts.as_ptr().cast(),
                parts.len() as u64,
                digest.as_mut_ptr().cast(),
            );
            digest.assume_init()
        }
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        use sha2::Digest;
        let mut hasher = sha2::Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize().into()
    }
}
