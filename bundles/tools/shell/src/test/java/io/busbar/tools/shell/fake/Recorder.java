package io.busbar.tools.shell.fake;

import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import java.nio.file.Path;
import java.util.List;

/** Keeps what a command prints, both streams together and each alone. */
public final class Recorder implements Output {

    private static final Path CWD = Path.of("/home/user");

    private final StringBuilder both = new StringBuilder();
    private final StringBuilder out = new StringBuilder();
    private final StringBuilder err = new StringBuilder();

    /** What one run printed. */
    public record Result(int exit, String out, String err, String both) {}

    /** Runs a line whose words have single blanks between them. */
    public static Result run(Command command, String line) {
        return run(command, line, CWD);
    }

    /** Runs such a line in a directory. */
    public static Result run(Command command, String line, Path cwd) {
        Recorder recorder = new Recorder();
        List<String> words = line.isEmpty() ? List.of() : List.of(line.split(" "));
        int exit = command.run(new Invocation(words, recorder, cwd));
        return new Result(exit, recorder.out.toString(), recorder.err.toString(), recorder.both.toString());
    }

    @Override
    public void out(String text) {
        out.append(text);
        both.append(text);
    }

    @Override
    public void err(String text) {
        err.append(text);
        both.append(text);
    }

    @Override
    public void whenAnswered(Runnable last) {
        last.run();
    }

    @Override
    public boolean isGone() {
        return false;
    }
}
