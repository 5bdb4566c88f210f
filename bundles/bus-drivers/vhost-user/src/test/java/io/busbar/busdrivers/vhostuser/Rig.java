package io.busbar.busdrivers.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.LinuxException;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A bus driver with one device on a socket, and a count of the mappings that a front-end must not leave behind. */
final class Rig implements AutoCloseable {

    private static final long DEADLINE = 60 * ScriptedFrontEnd.SECONDS;
    private static final long PAUSE = 100_000;

    final Path directory;
    final FakeDevice device;
    final VhostUserBusDriver driver;
    final VdpaBusDriver.Binding binding;

    Rig(FakeDevice device) throws IOException, VdpaException {
        this(device, config());
    }

    Rig(FakeDevice device, Config config) throws IOException, VdpaException {
        this.device = device;
        this.directory = Files.createTempDirectory("bb");
        this.driver = new VhostUserBusDriver(config.socketDir(directory.toString()));
        this.binding = driver.probe(device);
    }

    static Config config() {
        return new Config("", "0600", "", "trusted", 64L << 30, 10_000, 16);
    }

    ScriptedFrontEnd connect() throws LinuxException {
        return ScriptedFrontEnd.connect(socket());
    }

    Path socket() {
        return Path.of(binding.endpoint());
    }

    /** Waits until the device was taken back and another front-end can come. */
    void awaitFree() {
        await("the device is free", ((DeviceBinding) binding)::idle);
        assertThat(binding.connected()).isFalse();
    }

    static void await(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > DEADLINE) {
                fail("not in time: " + what);
            }
            LockSupport.parkNanos(PAUSE);
        }
    }

    /** How many mappings of guests' memory this process has. */
    static long mappings() {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.filter(line -> line.contains("busbar-test-guest")).count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until it has so many: what an earlier test has left is unmapped by threads of its own. */
    static void awaitMappings(long expected) {
        Eventually.that(() -> mappings() == expected, () -> mappings() + " mappings, expected " + expected);
    }

    @Override
    public void close() throws IOException {
        binding.close();
        driver.deactivate();
        assertThat(directory).isEmptyDirectory();
        Files.delete(directory);
    }

    /** Settings as the framework would give them. */
    record Config(
            String socketDir, String mode, String owner, String memoryPolicy, long maxMappedBytes,
            int messageTimeoutMillis, int unknownMessageBudget) implements VhostUserConfig {

        Config socketDir(String dir) {
            return new Config(
                    dir, mode, owner, memoryPolicy, maxMappedBytes, messageTimeoutMillis, unknownMessageBudget);
        }

        Config mode(String octal) {
            return new Config(
                    socketDir, octal, owner, memoryPolicy, maxMappedBytes, messageTimeoutMillis, unknownMessageBudget);
        }

        Config owner(String userAndGroup) {
            return new Config(socketDir, mode, userAndGroup, memoryPolicy, maxMappedBytes, messageTimeoutMillis,
                    unknownMessageBudget);
        }

        Config memoryPolicy(String policy) {
            return new Config(
                    socketDir, mode, owner, policy, maxMappedBytes, messageTimeoutMillis, unknownMessageBudget);
        }

        Config maxMappedBytes(long bytes) {
            return new Config(
                    socketDir, mode, owner, memoryPolicy, bytes, messageTimeoutMillis, unknownMessageBudget);
        }

        Config messageTimeoutMillis(int millis) {
            return new Config(socketDir, mode, owner, memoryPolicy, maxMappedBytes, millis, unknownMessageBudget);
        }

        Config unknownMessageBudget(int messages) {
            return new Config(socketDir, mode, owner, memoryPolicy, maxMappedBytes, messageTimeoutMillis, messages);
        }

        @Override
        public Class<? extends Annotation> annotationType() {
            return VhostUserConfig.class;
        }
    }
}
