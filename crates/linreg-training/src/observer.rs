/// Is told how training goes on. `()` does nothing with it.
pub trait Observer {
    /// A batch has been trained on.
    fn batch(&mut self) {}

    /// An epoch, counted from 0, has ended with this mean squared loss over
    /// all rows, in the target's unit squared, summed over the targets.
    fn epoch(&mut self, _epoch: usize, _loss: f64) {}
}

impl Observer for () {}
