"""Models: trained by the workflow, or fetched at their pinned revision.

Needs   the model cards
Makes   models/{model}/revision.json (what the weights are), config.json (their shape), weights/ (trained models)
"""


rule train_model:
    """Train an embedded model on generated arithmetic and save it in Hugging Face format."""
    input:
        init=initial_weights,
    output:
        revision="<results>/models/{model}/revision.json",
        config="<results>/models/{model}/config.json",
        weights=directory("<results>/models/{model}/weights"),
    log:
        "<logs>/train_model/{model}.log",
    wildcard_constraints:
        model=one_of(TRAINED_MODELS),
    priority: 10
    conda:
        "../envs/transformers.yaml"
    threads: 1
    params:
        spec=training_spec,
    script:
        "../scripts/train_model.py"


rule fetch_model:
    """Fetch a model's weights into the Hugging Face cache, or take its shape from the card where none are needed."""
    input:
        local=local_model_files,
    output:
        revision="<results>/models/{model}/revision.json",
        config="<results>/models/{model}/config.json",
    log:
        "<logs>/fetch_model/{model}.log",
    wildcard_constraints:
        model=one_of(set(STUDY.cards) - set(TRAINED_MODELS)),
    priority: 20
    conda:
        "../envs/analysis.yaml"
    params:
        spec=fetching_spec,
    script:
        "../scripts/fetch_model.py"


# The network is where Snakemake runs: jobs on compute nodes read the cache alone. To fetch before there is a GPU:
# snakemake --until fetch_model load_benchmark
localrules:
    fetch_model,
