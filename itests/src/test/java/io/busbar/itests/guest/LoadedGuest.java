package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * A guest of User Mode Linux whose disk {@code disk0} is written and verified by fio, 32 requests at a time, and whose cards
 * {@code net0} and {@code net1} carry a stream of TCP to each other, until the disk is resized to 64 MiB.
 */
final class LoadedGuest implements AutoCloseable {

    /** Sectors of 64 MiB. */
    private static final String ENDS_AT = "131072";

    private static final String SCRIPT = """
            set -e
            cd /tmp
            unshare -n bash -c 'echo >/tmp/apart; exec sleep 1000000' &
            peer=$!
            until [ -e /tmp/apart ]; do busybox usleep 10000; done
            ip link set eth1 netns $peer
            there="nsenter --target $peer --net"
            $there ip link set lo up
            $there ip addr add 10.7.0.2/24 dev eth1
            $there ip link set eth1 up
            ip addr add 10.7.0.1/24 dev eth0
            ip link set eth0 up
            $there iperf3 -s -D
            ended() { [ "$(cat /sys/block/vda/size)" = ENDS_AT ]; }
            stream() {
                rounds=0
                until ended; do
                    iperf3 --json -b RATE -t 2 -c 10.7.0.2 >/tmp/iperf || { cat /tmp/iperf; return 1; }
                    rounds=$((rounds + 1))
                    echo "iperf3 $(tr -d '\\n\\t' </tmp/iperf)" >/tmp/last-iperf
                done
                cat /tmp/last-iperf
                echo "streams: $rounds"
            }
            stream >/tmp/stream 2>&1 &
            streaming=$!
            before=$(dmesg | wc -l)
            echo loaded
            rounds=0
            until ended; do
                fio --name=verify --thread --filename=/dev/vda --rw=randwrite --bsrange=4k-64k --size=16m \\
                    --ioengine=libaio --direct=1 --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 \\
                    --verify_state_save=0 --randseed=$RANDOM --output-format=json --output=/tmp/fio || { cat /tmp/fio; exit 1; }
                rounds=$((rounds + 1))
                echo "fio $(tr -d '\\n' </tmp/fio)"
            done
            echo "rounds verified: $rounds"
            wait $streaming || { cat /tmp/stream; exit 1; }
            cat /tmp/stream
            dmesg | tail -n +$((before + 1)) | grep -vE 'capacity change|new size' || echo "kernel is quiet"
            """;

    private static final long NANOS_PER_MICRO = 1000;

    /** Columns of {@code /proc/net/unix}. */
    private static final int UNIX_STATE = 5;
    private static final int UNIX_NUMBER = 6;
    private static final int UNIX_PATH = 7;
    private static final String UNIX_CONNECTED = "03";

    private final Guest guest;
    private final Home home;
    private final List<Path> sockets;
    private final List<String> peers;

    private LoadedGuest(Guest guest, Home home, List<Path> sockets) throws IOException {
        this.guest = guest;
        this.home = home;
        this.sockets = sockets;
        peers = connections(sockets);
    }

    /**
     * What a guest says at its end.
     *
     * @param fioRounds     how often all that was written was read back
     * @param fioRequests   requests of the disk
     * @param longestMicros the longest completion of one of them
     * @param streams       connections of TCP
     */
    record Report(int fioRounds, long fioRequests, long longestMicros, int streams) {}

    /**
     * Boots one, and returns when it is under load.
     *
     * @param busbar has {@code disk0} of 32 MiB, {@code net0} and {@code net1}
     * @param rate   of the stream, as iperf3 takes it
     * @param limit  how long it may take at the most
     */
    static LoadedGuest boot(BusbarProcess busbar, String rate, Duration limit) throws IOException {
        return boot(Home.onHost(busbar), rate, limit);
    }

    /** The same, with devices that are placed elsewhere. */
    static LoadedGuest boot(Home home, String rate, Duration limit) throws IOException {
        Host.require("iperf3", "iperf3");
        String script = SCRIPT.replace("ENDS_AT", ENDS_AT).replace("RATE", rate);
        Placement placement = home.placement();
        List<Path> sockets = Stream.of("disk0", "net0", "net1").map(placement::name).map(placement::socket).toList();
        GuestJob job = GuestJob.of(script, sockets.getFirst()).withNets(sockets.get(1), sockets.get(2)).within(limit);
        Guest guest = new Uml().boot(job);
        try {
            guest.awaitLine("loaded"::equals);
            return new LoadedGuest(guest, home, sockets);
        } catch (AssertionError | IOException | RuntimeException e) {
            guest.close();
            throw e;
        }
    }

    /** The kernel's numbers of the connections at our sockets: each that is accepted has another one. */
    private static List<String> connections(List<Path> ours) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/net/unix"))) {
            List<String[]> connected = lines
                    .map(line -> line.split(" +"))
                    .filter(words -> words.length > UNIX_PATH && words[UNIX_STATE].equals(UNIX_CONNECTED))
                    .toList();
            return ours.stream()
                    .flatMap(socket -> connected.stream()
                            .filter(words -> words[UNIX_PATH].equals(socket.toString()))
                            .map(words -> socket + " " + words[UNIX_NUMBER]))
                    .toList();
        }
    }

    /** Whether it has not ended yet. */
    boolean isRunning() {
        return guest.isRunning();
    }

    /** Stops it where it is: it sends no request until {@link #thaw}. */
    void freeze() {
        guest.freeze();
    }

    /** It goes on. */
    void thaw() {
        guest.thaw();
    }

    /** Has the load end, and checks that the guest has noticed nothing: no error, no message of its kernel, no other connection. */
    Report end() throws IOException {
        assertThat(connections(sockets)).as("connections, as they were").isEqualTo(peers).hasSize(3);
        home.busbar().ok("block", "resize", home.placement().name("disk0"), "64M");
        List<String> output = guest.awaitSuccess();
        List<String> said = output.stream().filter(line -> !line.contains("{")).toList();
        assertThat(said).as("what the guest said, beside reports").contains("kernel is quiet");
        List<JsonObject> fios = output.stream()
                .filter(line -> line.startsWith("fio {"))
                .map(line -> JsonParser.parseString(line.substring("fio ".length())).getAsJsonObject())
                .toList();
        int rounds = number(output, "rounds verified: ");
        int streams = number(output, "streams: ");
        assertThat(rounds).as("rounds of fio").isPositive().isEqualTo(fios.size());
        assertThat(streams).as("streams of iperf3").isPositive();
        output.stream().filter(line -> line.startsWith("iperf3 {")).map(line -> line.substring("iperf3 ".length())).forEach(Iperf::of);
        return new Report(rounds, requests(fios), longest(fios) / NANOS_PER_MICRO, streams);
    }

    private static int number(List<String> output, String before) {
        return output.stream()
                .filter(line -> line.startsWith(before))
                .mapToInt(line -> Integer.parseInt(line.substring(before.length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no line \"" + before + "\""));
    }

    private static long requests(List<JsonObject> fios) {
        long requests = 0;
        for (JsonObject fio : fios) {
            for (JsonElement job : jobs(fio)) {
                assertThat(job.getAsJsonObject().get("error").getAsInt()).as("error of fio").isZero();
                requests += ways(job).mapToLong(way -> way.get("total_ios").getAsLong()).sum();
            }
        }
        return requests;
    }

    private static long longest(List<JsonObject> fios) {
        return fios.stream()
                .flatMap(fio -> jobs(fio).asList().stream())
                .flatMap(LoadedGuest::ways)
                .mapToLong(way -> way.getAsJsonObject("clat_ns").get("max").getAsLong())
                .max()
                .orElseThrow();
    }

    private static JsonArray jobs(JsonObject fio) {
        return fio.getAsJsonArray("jobs");
    }

    private static Stream<JsonObject> ways(JsonElement job) {
        return Stream.of("read", "write").map(job.getAsJsonObject()::getAsJsonObject);
    }

    @Override
    public void close() throws IOException {
        guest.close();
    }
}
