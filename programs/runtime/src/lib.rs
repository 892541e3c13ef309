//! What every program here needs of the virtual machine, in one place.
//!
//! On the host, where unit tests run, SHA-256 comes from the `sha2` crate and the curve syscalls answer "not a point":
//! nothing that needs the curve is testable there, LiteSVM tests do that.
#![no_std]

pub mod curve;
pub mod log;
mod memory;
mod sha256;

pub use sha256::sha256;

/// The panic handler of a program: there is nothing to print, as every refusal is an error with a number.
///
/// Formatting a panic message would cost more bytes than the programs themselves.
#[macro_export]
macro_rules! panic_handler {
    () => {
        #[cfg(target_arch = "bpf")]
        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo) -> ! {
            $crate::abort()
        }
    };
}

/// Ends the transaction; only a panic comes here.
#[cfg(target_arch = "bpf")]
pub fn abort() -> ! {
    // SAFETY: the syscall takes no memory and does not return.
    unsafe { solana_define_syscall::definitions::abort() }
}
