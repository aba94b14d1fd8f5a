//! Models are trained. Named here, linreg-backend lends its code of the ndarray
//! backend, which is optimised: the tests take a part of the time.

use linreg_backend as _;

mod damaged;
mod defaults;
mod linear_program;
mod resumed;
mod runs;
mod scikit_learn;
mod streamed;
mod test_data;
