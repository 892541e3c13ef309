//! The four functions that LLVM calls by name. There is no compiler runtime for this target, so they are ours, over the
//! runtime's own (10 CU for up to 2,500 bytes).
#![cfg(target_arch = "bpf")]

use solana_define_syscall::definitions::{sol_memcmp_, sol_memcpy_, sol_memmove_, sol_memset_};

/// # Safety
/// C's contract: both areas valid for `n` bytes and apart.
#[no_mangle]
pub unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
    // SAFETY: the caller's contract is the syscall's.
    unsafe { sol_memcpy_(to, from, n as u64) };
    to
}

/// # Safety
/// C's contract: both areas valid for `n` bytes.
#[no_mangle]
pub unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
    // SAFETY: the caller's contract is the syscall's.
    unsafe { sol_memmove_(to, from, n as u64) };
    to
}

/// # Safety
/// C's contract: the area valid for `n` bytes.
#[no_mangle]
pub unsafe extern "C" fn memset(area: *mut u8, byte: i32, n: usize) -> *mut u8 {
    // SAFETY: the caller's contract is the syscall's.
    unsafe { sol_memset_(area, byte as u8, n as u64) };
    area
}

/// # Safety
/// C's contract: both areas valid for `n` bytes.
#[no_mangle]
pub unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, n: usize) -> i32 {
    let mut order = 0;
    // SAFETY: the caller's contract is the syscall's; `order` is an i32 to write to.
    unsafe { sol_memcmp_(left, right, n as u64, &mut order) };
    order
}
