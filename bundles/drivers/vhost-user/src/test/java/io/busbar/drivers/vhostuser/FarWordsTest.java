package io.busbar.drivers.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import io.busbar.testkit.vhostuser.ScriptedBackEnd;
import java.lang.annotation.Annotation;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The words of {@code vdpa dev add}, and what adding answers. */
class FarWordsTest {

    private static final VhostUserDriverConfig CONFIG = config(5000);

    @TempDir
    Path folder;

    private static VhostUserDriverConfig config(int messageMillis) {
        return new VhostUserDriverConfig() {
            @Override
            public int messageTimeoutMillis() {
                return messageMillis;
            }

            @Override
            public int drainTimeoutMillis() {
                return 5000;
            }

            @Override
            public Class<? extends Annotation> annotationType() {
                return VhostUserDriverConfig.class;
            }
        };
    }

    private AddRequest request(String... more) {
        Map<String, String> words = new HashMap<>(
                Map.of("socket", folder.resolve("far.sock").toString(), "class", "block"));
        for (int i = 0; i < more.length; i += 2) {
            words.put(more[i], more[i + 1]);
        }
        return new AddRequest("far0", words);
    }

    @ParameterizedTest
    @CsvSource({
        "class, disk, expected net|block|console",
        "class, '', expected net|block|console",
        "socket, far.sock, expected the absolute path of a socket",
        "socket, '', expected the absolute path of a socket",
        "queues, 0, expected 1 to 64",
        "queues, 65, expected 1 to 64",
        "queues, two, expected 1 to 64",
        "queue_size, 1, expected 2 to 32768",
        "queue_size, 100, expected a power of two",
        "size, 1G, unknown word size",
    })
    void a_word_that_is_wrong_is_named_with_what_was_expected(String word, String value, String expected) {
        assertThatThrownBy(() -> new VhostUserDevices(CONFIG).devAdd(request(word, value)))
                .isInstanceOfSatisfying(VdpaException.class,
                        refused -> assertThat(refused.error()).isEqualTo(VdpaError.EINVAL))
                .hasMessageContaining(expected);
    }

    @Test
    void a_far_process_that_is_not_there_yet_is_no_mistake() {
        assertThatThrownBy(() -> new VhostUserDevices(CONFIG).devAdd(request()))
                .isInstanceOfSatisfying(VdpaException.class, refused -> {
                    assertThat(refused.error()).isEqualTo(VdpaError.EAGAIN);
                    assertThat(refused.reason()).isEqualTo(Reason.NOT_CONNECTED);
                })
                .hasMessageContaining("nobody listens at");
    }

    @Test
    void a_path_that_is_too_long_for_a_socket_is_a_mistake() {
        assertThatThrownBy(() -> new VhostUserDevices(CONFIG).devAdd(request("socket", "/" + "x".repeat(200))))
                .isInstanceOfSatisfying(VdpaException.class,
                        refused -> assertThat(refused.error()).isEqualTo(VdpaError.EINVAL));
    }

    @Test
    void a_wrong_setting_is_named() {
        assertThatThrownBy(() -> new VhostUserDevices(config(0)).devAdd(request()))
                .hasMessageContaining("messageTimeoutMillis 0: expected 1 to 600000");
    }

    @Test
    void fewer_queues_than_there_are_can_be_used_and_more_cannot() throws Exception {
        VhostUserDevices maker = new VhostUserDevices(CONFIG);
        try (ScriptedBackEnd far = ScriptedBackEnd.listen(folder.resolve("far.sock"))) {
            far.queues = 2;
            VdpaParentDevice one = maker.devAdd(request("queues", "1", "queue_size", "128"));
            assertThat(one.vqCount()).isEqualTo(1);
            assertThat(one.ops().getVqNumMax()).isEqualTo(128);
            byte[] numQueues = new byte[2];
            one.ops().getConfig(34, numQueues);
            assertThat(numQueues).as("the driver is told of as many").containsExactly(1, 0);
            maker.devDel(one);

            assertThatThrownBy(() -> maker.devAdd(request("queues", "3")))
                    .hasMessageContaining("has 2 queues: queues 3 were asked for");
        }
    }

    @Test
    void a_network_device_has_one_pair_of_queues_and_no_control_queue() throws Exception {
        VhostUserDevices maker = new VhostUserDevices(CONFIG);
        try (ScriptedBackEnd far = ScriptedBackEnd.listen(folder.resolve("far.sock"))) {
            long coalescingStatisticsAndHashesOfTunnels = 1L << 50 | 1L << 51 | 1L << 52 | 1L << 53;
            far.features = 0x1_4000_0000L | 1 << 5 | 1 << 15 | 1 << 17 | 1 << 22 | 1 << 23 | coalescingStatisticsAndHashesOfTunnels;
            far.config = new byte[12];
            far.config[0] = 2;
            VdpaParentDevice net = maker.devAdd(request("class", "net"));
            assertThat(net.ops().getDeviceId()).isEqualTo(1);
            assertThat(net.vqCount()).isEqualTo(2);
            assertThat(net.ops().getDeviceFeatures()).isEqualTo(0x1_0000_0000L | 1 << 5 | 1 << 15);
            maker.devDel(net);

            far.config[0] = 0;
            VdpaParentDevice withoutAddress = maker.devAdd(request("class", "net"));
            assertThat(withoutAddress.ops().getDeviceFeatures()).as("nobody's address is none")
                    .isEqualTo(0x1_0000_0000L | 1 << 15);
            maker.devDel(withoutAddress);

            far.protocolFeatures &= ~(1 << 9);
            VdpaParentDevice plain = maker.devAdd(request("class", "net"));
            assertThat(plain.ops().getConfigSize()).isZero();
            assertThat(plain.ops().getDeviceFeatures()).as("a MAC that nobody shows is not offered")
                    .isEqualTo(0x1_0000_0000L | 1 << 15);
            maker.devDel(plain);
        }
    }
}
