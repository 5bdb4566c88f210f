package io.busbar.tools.shell.commands;

/** What was asked for cannot be done: one sentence that names the value and what was expected. */
final class Wrong extends Exception {

    private static final long serialVersionUID = 1;

    Wrong(String sentence) {
        super(sentence);
    }

    Wrong(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
