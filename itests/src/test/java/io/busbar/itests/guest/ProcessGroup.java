package io.busbar.itests.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A program and all that it starts, in a session and process group of their own, so that they end together: on
 * {@link #close()}, and when this JVM is gone, however it ended.
 *
 * <p>A small shell in the group holds the read end of a pipe from this JVM: the pipe breaks when the JVM ends, and the shell
 * then kills its group. The program itself is the group's leader, since User Mode Linux would otherwise leave the group.
 */
final class ProcessGroup implements AutoCloseable {

    private static final String KEEPER = """
            exec 3<&0 </dev/null
            { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 &
            exec "$@" 3<&-
            """;

    private static final Duration END = Duration.ofSeconds(60);

    private final Process leader;

    private ProcessGroup(Process leader) {
        this.leader = leader;
    }

    /** Starts a program with nothing on its standard input and both outputs as one stream. */
    static ProcessGroup start(List<String> command) throws IOException {
        return start(command, Map.of());
    }

    static ProcessGroup start(List<String> command, Map<String, String> environment) throws IOException {
        List<String> line = new ArrayList<>(List.of("setsid", "bash", "-c", KEEPER, "keeper"));
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return new ProcessGroup(builder.start());
    }

    /** The program. */
    Process process() {
        return leader;
    }

    boolean isRunning() {
        return leader.isAlive();
    }

    /** The processes of the group that still run, as {@code pid name}; a process that has ended but was not reaped is none. */
    List<String> members() {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(path -> Character.isDigit(path.getFileName().toString().charAt(0)))
                    .flatMap(path -> member(path).stream())
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException("cannot list processes", e);
        }
    }

    private List<String> member(Path process) {
        String stat;
        try {
            stat = Files.readString(process.resolve("stat"));
        } catch (IOException e) {
            return List.of(); // ended while we looked
        }
        int name = stat.lastIndexOf(')');
        String[] fields = stat.substring(name + 2).split(" ");
        boolean ended = fields[0].equals("Z") || fields[0].equals("X");
        boolean ours = Long.parseLong(fields[2]) == leader.pid();
        return ours && !ended ? List.of(stat.substring(0, name + 1)) : List.of();
    }

    /** Sends a signal to the program alone, such as {@code STOP}. */
    void signal(String name) {
        try {
            int status = new ProcessBuilder("kill", "-" + name, Long.toString(leader.pid())).start().waitFor();
            if (status != 0) {
                throw new IllegalStateException("no signal " + name + " to process " + leader.pid());
            }
        } catch (IOException e) {
            throw new IllegalStateException("no signal " + name + " to process " + leader.pid(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Kills every process of the group (SIGKILL) and waits until none runs. */
    @Override
    public void close() {
        long deadline = System.nanoTime() + END.toNanos();
        try {
            do {
                new ProcessBuilder("bash", "-c", "kill -KILL -- -" + leader.pid())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor();
                leader.waitFor();
                if (members().isEmpty()) {
                    return;
                }
                Thread.onSpinWait();
            } while (System.nanoTime() < deadline);
        } catch (IOException e) {
            throw new IllegalStateException("cannot end process group " + leader.pid(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new IllegalStateException("processes left behind: " + members());
    }
}
