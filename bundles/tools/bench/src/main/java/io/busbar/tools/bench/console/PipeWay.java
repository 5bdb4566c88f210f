package io.busbar.tools.bench.console;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Pipes to a process of this machine, which is the program of the guest. */
final class PipeWay implements Way {

    private static final long END_SECONDS = 10;
    private static final String PROGRAM = """
            pattern=$(mktemp) && exec 4<"$pattern" || exit 1
            yes %s | tr -d '\\n' | head -c 1048576 >"$pattern"
            rm "$pattern"
            echo ready
            while read -r what count; do
                case $what in
                    send) while [ "$count" -gt 0 ]; do dd if=/dev/fd/4 bs=64k 2>/dev/null; count=$((count - 1)); done ;;
                    take) head -c "$count" | md5sum | cut -c 1-32 ;;
                    *) break ;;
                esac
            done
            """.formatted(Pattern.TEXT);

    private final Process process;
    private final Dialog dialog;

    private PipeWay(Process process) {
        this.process = process;
        dialog = new Dialog(name(), process.getInputStream(), process.getOutputStream());
    }

    /**
     * Starts the process.
     *
     * @param busybox whose programs are the guest's, too
     */
    static PipeWay start(String busybox) throws IOException {
        Process process = new ProcessBuilder(List.of(busybox, "sh", "-c", PROGRAM)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        PipeWay way = new PipeWay(process);
        way.dialog.awaitReady();
        return way;
    }

    @Override
    public String name() {
        return "a pipe";
    }

    @Override
    public double take(int mib) throws IOException {
        return dialog.take(mib);
    }

    @Override
    public double send(int mib) throws IOException {
        return dialog.send(mib);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
