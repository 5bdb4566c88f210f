package io.busbar.itests.guest;

import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;

/**
 * A guest of User Mode Linux that stays and does what it is told, command by command, so that one boot serves many tests.
 * Commands and their answers go through a folder of the host, which the guest has by hostfs as {@code /tmp/box}.
 */
final class GuestShell implements AutoCloseable {

    private static final Duration LIFE = Duration.ofMinutes(10);
    private static final Duration ANSWER = Duration.ofSeconds(120);

    /** An answer is complete when its exit status is there, which comes by a rename. */
    private static final String LOOP = """
            mkdir -p /tmp/box
            mount -t hostfs -o BOX none /tmp/box || exit 1
            cd /tmp/box
            for ((n = 0; ; n++)); do
                until [ -e $n.command ]; do busybox usleep 10000; done
                bash $n.command >$n.output 2>&1 </dev/null
                echo $? >$n.part
                mv $n.part $n.exit
            done
            """;

    private final Guest guest;
    private final Path box;
    private int commands;

    private GuestShell(Guest guest, Path box) {
        this.guest = guest;
        this.box = box;
    }

    /**
     * Boots a guest; it is there when it answers its first command.
     *
     * @param folder for commands and answers; made here, and of this guest alone
     * @param nets   vhost-user sockets of its network devices
     */
    static GuestShell boot(Path folder, Path... nets) throws IOException {
        return boot(folder, List.of(), List.of(nets), List.of());
    }

    /**
     * Boots a guest with devices of any type.
     *
     * @param folder   as above
     * @param disks    vhost-user sockets of its disks
     * @param nets     of its network devices
     * @param consoles of its consoles
     */
    static GuestShell boot(Path folder, List<Path> disks, List<Path> nets, List<Path> consoles) throws IOException {
        Path box = Files.createDirectory(folder);
        GuestJob job = GuestJob.of(LOOP.replace("BOX", box.toString()), disks.toArray(Path[]::new))
                .withNets(nets.toArray(Path[]::new))
                .within(LIFE);
        return new GuestShell(new Uml(consoles).boot(job), box);
    }

    /** The folder that is {@code /tmp/box} in the guest. */
    Path box() {
        return box;
    }

    /**
     * Runs commands of bash to their end, with the host's programs; what is to go on after that ends in {@code &} and writes
     * nowhere.
     *
     * @return what they wrote
     * @throws AssertionError if the last one does not end with status 0, or the guest does not answer in time
     */
    String run(String commands) {
        Answer answer = ask(commands);
        if (answer.exit() != 0) {
            throw new AssertionError("exit status %d, expected 0, of:%n%s%nwhich wrote:%n%s".formatted(
                    answer.exit(), commands, answer.output()));
        }
        return answer.output();
    }

    private record Answer(int exit, String output) {}

    private Answer ask(String script) {
        int number = commands++;
        try {
            Path part = Files.writeString(box.resolve(number + ".part"), script + "\n");
            Files.move(part, box.resolve(number + ".command"), StandardCopyOption.ATOMIC_MOVE);
            Path exit = box.resolve(number + ".exit");
            Eventually.within(ANSWER, () -> Files.exists(exit) || !guest.isRunning(), () -> noAnswer(script));
            if (!Files.exists(exit)) {
                throw new AssertionError("the guest has ended: " + noAnswer(script));
            }
            return new Answer(Integer.parseInt(Files.readString(exit).strip()), Files.readString(box.resolve(number + ".output")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String noAnswer(String script) {
        return "no answer from the guest to:\n" + script + "\nits console:\n" + String.join("\n", guest.lines());
    }

    /** Kills the guest. */
    @Override
    public void close() throws IOException {
        guest.close();
    }
}
