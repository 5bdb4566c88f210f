package io.busbar.backends.file;

import io.busbar.api.backend.BlockStatus;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.TestRequest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * Reads a mapped file as fast as it can while somebody cuts it short, again and again, each time with a new file. A read
 * that ends well must have the file's data, each byte of it: 0x11. Ends with status 0 if all did, and prints how many reads
 * failed: as often as the file was cut, at the least.
 */
final class ReadWhileTheFileIsCut {

    private static final int SIZE = 1 << 20;
    private static final int LENGTH = 4096;
    private static final long PATTERN = 0x1111_1111_1111_1111L;
    private static final int WARM = 20_000;

    private final MemorySegment buffer = Arena.ofAuto().allocate(LENGTH);
    private final TestPayload payload = TestPayload.over(buffer);
    private long failed;

    private ReadWhileTheFileIsCut() {
    }

    public static void main(String[] arguments) throws Exception {
        ReadWhileTheFileIsCut reader = new ReadWhileTheFileIsCut();
        int rounds = Integer.parseInt(arguments[0]);
        int warm = arguments.length > 1 ? Integer.parseInt(arguments[1]) : WARM;
        for (int round = 0; round < rounds; round++) {
            reader.readAndCut(warm);
        }
        System.out.println("rounds " + rounds + " failed " + reader.failed);
    }

    private void readAndCut(int warm) throws Exception {
        Path file = Files.write(Files.createTempFile("cut", ".disk"), ImageFile.bytes(SIZE, 0x11));
        try (FileBackend disk = new FileBackend(TestBackendContext.of("path", file.toString(), "io", "mapped"))) {
            CountDownLatch isWarm = new CountDownLatch(1);
            Thread cutter = new Thread(() -> {
                try {
                    isWarm.await();
                    ImageFile.truncate(file, 0);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            cutter.start();
            for (int i = 0; i < warm; i++) {
                read(disk, i);
            }
            isWarm.countDown();
            long before = failed;
            for (int i = 0; failed < before + 16; i++) {
                read(disk, i);
            }
            cutter.join();
        } finally {
            Files.delete(file);
        }
    }

    private void read(FileBackend disk, int number) {
        buffer.fill((byte) 0xEE);
        payload.rewind();
        TestRequest request = TestRequest.read((long) (number % (SIZE / LENGTH)) * LENGTH, payload);
        TestRequest.submit(disk, request);
        if (request.await() != BlockStatus.OK) {
            failed++;
            return;
        }
        for (int at = 0; at < LENGTH; at += Long.BYTES) {
            long found = buffer.get(ValueLayout.JAVA_LONG, at);
            if (found != PATTERN) {
                System.out.println("a read ended well with 0x" + Long.toHexString(found) + " at " + at);
                System.exit(1);
            }
        }
    }
}
