package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every kernel must be able to do with a network device of ours, whose backend gives every frame back. */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = MINUTES)
abstract class NetKernelTests {

    static final String MAC = "52:54:00:12:34:56";

    final GuestKernel kernel;
    private final int pairs;
    private final Map<String, Path> sockets = new HashMap<>();
    BusbarProcess busbar;
    private Home home;
    private Path frames;
    private int devices;
    private long started;

    NetKernelTests(GuestKernel kernel, int pairs) {
        this.kernel = kernel;
        this.pairs = pairs;
    }

    @BeforeAll
    void start(@TempDir Path state) throws IOException {
        kernel.modules();
        frames = CProgram.compile("frames", state);
        home = home(state);
        busbar = home.busbar();
    }

    /** Starts what has the devices. */
    Home home(Path state) {
        return Home.onHost(state);
    }

    @AfterAll
    void stop() {
        if (home != null) {
            home.close();
        }
    }

    @BeforeEach
    void takeTime() {
        started = System.nanoTime();
    }

    @AfterEach
    void checkHowItWent() {
        home.placement().check();
    }

    @AfterEach
    void tellTime(TestInfo test) {
        System.out.printf("%s, %s: %.1f s%n", kernel.name(), test.getDisplayName(), (System.nanoTime() - started) / 1e9);
    }

    /** Adds a device; returns its name. */
    final String add(String... words) {
        String name = home.placement().name("net" + devices++);
        add(name, words);
        return name;
    }

    /** Adds a device of a name. */
    final void add(String name, String[] words) {
        List<String> all = new ArrayList<>(List.of("backend", "loopback"));
        all.addAll(List.of(words));
        if (pairs > 1) {
            all.addAll(List.of("max_vqp", Integer.toString(pairs)));
        }
        all.addAll(home.placement().words());
        NetDevice.add(busbar, name, all.toArray(String[]::new));
        sockets.put(name, home.placement().socket(name));
    }

    final GuestJob job(String script, String device) {
        return GuestJob.ofBusybox(script).withNets(sockets.get(device)).withFile("frames", frames);
    }

    final List<String> run(String script, String device) throws IOException {
        return kernel.run(job(script, device));
    }

    /** What all queues have counted together. */
    final long count(String device, String counter) {
        return new NetDevice(busbar, device).count(counter);
    }

    final String config(String device) {
        return new NetDevice(busbar, device).config();
    }

    /** Nothing was dropped, and nothing found wrong. */
    final void assertNothingLost(String device) {
        new NetDevice(busbar, device).assertNothingLost();
    }

    @Test
    void framesOfEveryLengthComeBackOnceAndWhole() throws IOException {
        String device = add();
        assertThat(run("/tmp/frames eth0 4000", device)).contains("frames whole: 4000");
        assertThat(count(device, "tx packets")).isGreaterThanOrEqualTo(4000);
        assertThat(count(device, "rx packets")).isGreaterThanOrEqualTo(4000);
        assertNothingLost(device);
    }

    @Test
    void longFramesComeBackWhereTheMtuIsLong() throws IOException {
        String device = add("mtu", "9000");
        assertThat(run("MTU; /tmp/frames eth0 1000".replace("MTU", longMtu()), device)).contains("frames whole: 1000");
        assertThat(count(device, "rx bytes")).as("longer than usual ones").isGreaterThan(1000 * 4000);
        assertNothingLost(device);
    }

    /** The command that makes the guest's MTU 9000, if it has to be told. */
    abstract String longMtu();

    @Test
    void segmentsOfTcpComeBackWholeAndUncut() throws IOException {
        String device = add();
        assertThat(run("/tmp/frames eth0 1000 segments", device)).contains("frames whole: 1000");
        assertThat(count(device, "rx bytes") / count(device, "rx packets")).as("bytes of a frame").isGreaterThan(10_000);
        assertThat(count(device, "rx cut")).isZero();
        assertNothingLost(device);
    }

    /** It resets the device when it goes, with the buffers in which nothing was received yet, and sets it up anew. */
    @Test
    void aDriverThatIsTakenAwayAndBoundAgainHasItsFramesBack() throws IOException {
        String device = add();
        assertThat(run("""
                set -e
                driver=/sys/bus/virtio/drivers/virtio_net
                device=$(basename $(readlink -f /sys/class/net/eth0/device))
                for turn in 1 2 3 4 5; do
                    /tmp/frames eth0 200
                    echo $device >$driver/unbind
                    [ ! -e /sys/class/net/eth0 ]
                    echo $device >$driver/bind
                    until [ -e /sys/class/net/eth0 ]; do usleep 20000; done
                    echo "turn $turn"
                done
                /tmp/frames eth0 1000
                """, device)).contains("turn 5", "frames whole: 1000");
    }

    /** One guest after the other: what one has left behind is not there for the next. */
    @Test
    void aGuestThatIsKilledWhileFramesFlowLeavesADeviceThatServesTheNext() throws IOException {
        String device = add();
        for (int turn = 0; turn < 3; turn++) {
            long before = count(device, "rx packets");
            try (Guest guest = kernel.boot(job("echo go; while true; do /tmp/frames eth0 1000; done", device))) {
                guest.awaitLine("frames whole: 1000"::equals);
                Eventually.within(Duration.ofSeconds(60), () -> count(device, "rx packets") > before + 2000, () -> "frames flow");
            }
        }
        assertThat(run("/tmp/frames eth0 1000", device)).contains("frames whole: 1000");
    }
}
