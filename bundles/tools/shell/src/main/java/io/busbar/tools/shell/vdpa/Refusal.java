package io.busbar.tools.shell.vdpa;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;

/** The command ends with status 1 after these lines on the standard error. */
final class Refusal extends Exception {

    private static final long serialVersionUID = 1;

    private Refusal(String lines, Throwable cause) {
        super(lines, cause);
    }

    /** Nothing is printed: what the tool does for a number that it cannot read. */
    static Refusal silent() {
        return new Refusal("", null);
    }

    /** The tool's own words. */
    static Refusal lines(String... lines) {
        return new Refusal(String.join("\n", lines) + "\n", null);
    }

    /** The bus refused, as the kernel does: its sentence if it has one, and the error number's text. */
    static Refusal kernel(VdpaException e) {
        return new Refusal(kernelLines("vdpa: ", e.getMessage(), e.error()), e);
    }

    /** What the kernel would say. */
    static Refusal kernel(VdpaError error, String sentence) {
        return new Refusal(kernelLines("vdpa: ", sentence, error), null);
    }

    /** What the kernel's check of attribute ranges would say, which has no subsystem's name before it. */
    static Refusal policy(VdpaError error, String sentence) {
        return new Refusal(kernelLines("", sentence, error), null);
    }

    private static String kernelLines(String prefix, String sentence, VdpaError error) {
        String body = sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
        return (body.isEmpty() ? "" : "Error: " + prefix + body + ".\n") + "kernel answers: " + error.text() + "\n";
    }

    /** Returns what goes to the standard error: whole lines, or nothing. */
    String text() {
        return getMessage();
    }
}
