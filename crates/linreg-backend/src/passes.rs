use linreg_data::KnownPasses;

/// Adds the training passes of every backend that is compiled in, in each of its float
/// types, to those that a program can run for another one. They compute on
/// the best device of this machine; if it fails, that is an error of the pass.
#[cfg_attr(
    not(any(feature = "ndarray", feature = "flex", feature = "wgpu")),
    expect(unused_variables, reason = "there is no backend")
)]
pub fn add_passes(known: &mut KnownPasses) {
    #[cfg(any(feature = "ndarray", feature = "flex", feature = "wgpu"))]
    use burn_autodiff::Autodiff;
    #[cfg(any(feature = "ndarray", feature = "flex", feature = "wgpu"))]
    use linreg_training::add_passes_on;
    #[cfg(feature = "ndarray")]
    {
        add_passes_on::<Autodiff<burn_ndarray::NdArray<f32>>>(known, Ok);
        add_passes_on::<Autodiff<burn_ndarray::NdArray<f64>>>(known, Ok);
    }
    #[cfg(feature = "flex")]
    add_passes_on::<Autodiff<burn_flex::Flex>>(known, Ok);
    #[cfg(feature = "wgpu")]
    add_passes_on::<Autodiff<burn_wgpu::Wgpu>>(known, crate::wgpu::guarded_pass);
}
