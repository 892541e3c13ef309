//! The curve25519 syscalls on Edwards points, as 32 compressed bytes.
//!
//! They are laxer than RFC 8032: they decode y ≥ p and take the sign bit with x = 0. Whoever needs more must check it.

/// A compressed Edwards point.
pub type Point = [u8; 32];
/// A scalar, little-endian; the syscalls refuse one that is not below the group's order.
pub type Scalar = [u8; 32];

/// Whether the bytes decode to a point (about 270 CU).
#[inline(always)]
pub fn is_point(bytes: &Point) -> bool {
    #[cfg(target_arch = "bpf")]
    {
        use solana_define_syscall::{
            curve_constants::CURVE25519_EDWARDS, definitions::sol_curve_validate_point,
        };
        // SAFETY: the syscall reads 32 bytes and writes nothing.
        unsafe { sol_curve_validate_point(CURVE25519_EDWARDS, bytes.as_ptr(), core::ptr::null_mut()) == 0 }
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        core::hint::black_box(bytes);
        false
    }
}

/// left + right, or `None` when one of them is no point (about 580 CU).
#[inline(always)]
pub fn add(left: &Point, right: &Point) -> Option<Point> {
    #[cfg(target_arch = "bpf")]
    {
        use solana_define_syscall::{
            curve_constants::{CURVE25519_EDWARDS, GROUP_OP_ADD},
            definitions::sol_curve_group_op,
        };
        let mut sum = core::mem::MaybeUninit::<Point>::uninit();
        // SAFETY: the syscall reads two points and writes 32 bytes, unless it answers other than 0.
        unsafe {
            (sol_curve_group_op(
                CURVE25519_EDWARDS,
                GROUP_OP_ADD,
                left.as_ptr(),
                right.as_ptr(),
                sum.as_mut_ptr().cast(),
            ) == 0)
                .then(|| sum.assume_init())
        }
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        core::hint::black_box((left, right));
        None
    }
}

/// scalars[0] × points[0] + scalars[1] × points[1], or `None` when one of the four is invalid (about 3,140 CU).
#[inline(always)]
pub fn multiply_pair(scalars: &[Scalar; 2], points: &[Point; 2]) -> Option<Point> {
    #[cfg(target_arch = "bpf")]
    {
        use solana_define_syscall::{
            curve_constants::CURVE25519_EDWARDS, definitions::sol_curve_multiscalar_mul,
        };
        let mut sum = core::mem::MaybeUninit::<Point>::uninit();
        // SAFETY: the syscall reads two scalars and two points and writes 32 bytes, unless it answers other than 0.
        unsafe {
            (sol_curve_multiscalar_mul(
                CURVE25519_EDWARDS,
                scalars.as_ptr().cast(),
                points.as_ptr().cast(),
                2,
                sum.as_mut_ptr().cast(),
            ) == 0)
                .then(|| sum.assume_init())
        }
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        core::hint::black_box((scalars, points));
        None
    }
}
