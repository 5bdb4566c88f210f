package io.busbar.backends.file;

import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.PositionalFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Copies from a mapping and says so, with the barrier between and nothing else, over a file that was cut short: what is said
 * of such a copy is a lie. Ends with status 0 if there was none, and prints how many there were.
 */
final class CopyAndPublish {

    private static final int SIZE = 1 << 20;
    private static final int PAGE = 4096;
    private static final int WARM = 60_000;
    private static final int COPIES = 500;

    private static final MemorySegment BUFFER = Arena.ofAuto().allocate(PAGE);
    private static volatile boolean published;

    private CopyAndPublish() {
    }

    private static void copyAndPublish(MemorySegment mapped, long offset) {
        MemorySegment.copy(mapped, offset, BUFFER, 0, PAGE);
        FaultBarrier.surface();
        published = true;
    }

    public static void main(String[] arguments) throws Exception {
        int rounds = Integer.parseInt(arguments[0]);
        int lies = 0;
        int faults = 0;
        for (int round = 0; round < rounds; round++) {
            Path file = Files.write(Files.createTempFile("publish", ".disk"), ImageFile.bytes(SIZE, 0x11));
            try (PositionalFile open = PositionalFile.open(file);
                    Mapping mapping = Mapping.map(open.fd().number(), 0, SIZE, false)) {
                for (int i = 0; i < WARM; i++) {
                    copyAndPublish(mapping.segment(), offset(i));
                }
                ImageFile.truncate(file, 0);
                for (int i = 0; i < COPIES; i++) {
                    published = false;
                    try {
                        copyAndPublish(mapping.segment(), offset(i));
                    } catch (InternalError fault) {
                        faults++;
                    }
                    lies += published ? 1 : 0;
                }
            } finally {
                Files.delete(file);
            }
        }
        System.out.println("faults " + faults + " lies " + lies);
        System.exit(lies == 0 ? 0 : 1);
    }

    private static long offset(int number) {
        return (long) (number % (SIZE / PAGE)) * PAGE;
    }
}
