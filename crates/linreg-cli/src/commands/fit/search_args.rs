use linreg_fit::SearchConfig;

/// What is searched for the settings that predict best.
#[derive(clap::Args)]
#[command(next_help_heading = "Search (--method sgd)")]
pub struct SearchArgs {
    /// Choose penalty and learning rate by cross-validation over this many
    /// parts of the rows, 5 if no number is given. Of all settings within one
    /// standard error of the least loss, those with the strongest penalty are
    /// chosen
    #[arg(
        long,
        value_name = "FOLDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "5",
        conflicts_with = "k_fold"
    )]
    search: Option<u64>,

    /// L1 penalties to try, such as 0,0.1,1 [default: that of --l1]
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        allow_negative_numbers = true,
        requires = "search"
    )]
    search_l1: Vec<f64>,

    /// L2 penalties to try [default: 0 and powers of ten from 0.0001 to 10, or
    /// that of --l2 where others are searched]
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        allow_negative_numbers = true,
        requires = "search"
    )]
    search_l2: Vec<f64>,

    /// Learning rates of minibatches to try [default: that of --learning-rate]
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        allow_negative_numbers = true,
        requires = "search"
    )]
    search_learning_rate: Vec<f64>,
}

impl SearchArgs {
    /// The first option that was given.
    pub fn given(&self) -> Option<&'static str> {
        self.search.map(|_| "--search")
    }

    /// The settings of the search, if there is one.
    pub fn config(&self) -> Option<SearchConfig> {
        self.search.map(|folds| SearchConfig {
            folds,
            l1: self.search_l1.clone(),
            l2: self.search_l2.clone(),
            learning_rates: self.search_learning_rate.clone(),
        })
    }
}
