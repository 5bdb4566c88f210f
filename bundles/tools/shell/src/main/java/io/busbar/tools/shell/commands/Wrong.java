package io.busbar.tools.shell.commands;

import io.busbar.tools.shell.Command;

/** What was asked for cannot be done: one sentence that names the value and what was expected. */
final class Wrong extends Exception {

    private static final long serialVersionUID = 1;

    private final int status;

    Wrong(String sentence) {
        this(sentence, Command.FAILED);
    }

    /** As the other one, with another exit status than {@link Command#FAILED}. */
    Wrong(String sentence, int status) {
        super(sentence);
        this.status = status;
    }

    Wrong(String sentence, Throwable cause) {
        super(sentence, cause);
        this.status = Command.FAILED;
    }

    int status() {
        return status;
    }
}
