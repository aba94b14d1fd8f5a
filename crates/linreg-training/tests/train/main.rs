//! Tests that train models. They take less time because linreg-backend is named here:
//! its code of the ndarray backend, which is optimised, is linked.

use linreg_backend as _;

mod damaged;
mod defaults;
mod linear_program;
mod resumed;
mod runs;
mod scikit_learn;
mod streamed;
mod test_data;
