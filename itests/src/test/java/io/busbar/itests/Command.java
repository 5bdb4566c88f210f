package io.busbar.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What a program that has ended left behind.
 *
 * @param exit its exit status
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
public record Command(int exit, String out, String err) {

    /**
     * Runs a program to its end.
     *
     * @param deadline after which it is killed and the test fails
     * @param environment variables that are set for it, beside those of the test; an empty value unsets one
     * @param words the program and its arguments
     */
    public static Command run(Duration deadline, Map<String, String> environment, List<String> words) {
        Path out = null;
        Path err = null;
        try {
            out = Files.createTempFile("busbar-test", ".out");
            err = Files.createTempFile("busbar-test", ".err");
            var builder = new ProcessBuilder(words)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            setEnvironment(builder, environment);
            var process = builder.start();
            if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(words + " has not ended after " + deadline + ": " + Files.readString(out)
                        + Files.readString(err));
            }
            return new Command(process.exitValue(), Files.readString(out), Files.readString(err));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while " + words + " ran", e);
        } finally {
            delete(out);
            delete(err);
        }
    }

    static void setEnvironment(ProcessBuilder builder, Map<String, String> environment) {
        environment.forEach((name, value) -> {
            if (value.isEmpty()) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
    }

    private static void delete(Path file) {
        if (file != null) {
            file.toFile().delete();
        }
    }
}
