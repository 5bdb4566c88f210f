package io.busbar.tools.bench.check;

/**
 * How one step of the check ended.
 *
 * @param outcome what became of it
 * @param text    what was seen, or why it failed or was left out
 */
record StepResult(Outcome outcome, String text) {

    /** What can become of a step. */
    enum Outcome {
        /** The device did what it has to do. */
        OK("ok"),
        /** It did not. */
        FAILED("FAILED"),
        /** Not tried: the device does not offer it, or it would change the disk. */
        LEFT_OUT("-");

        private final String label;

        Outcome(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    static StepResult ok(String text) {
        return new StepResult(Outcome.OK, text);
    }

    static StepResult failed(String text) {
        return new StepResult(Outcome.FAILED, text);
    }

    static StepResult leftOut(String text) {
        return new StepResult(Outcome.LEFT_OUT, text);
    }
}
