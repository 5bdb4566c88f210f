package io.busbar.busdrivers.vhostuser;

import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.PLAIN;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.none;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixListener;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a device listens, and who may come. */
class SocketTest {

    @TempDir
    Path directory;

    private static FakeDevice onBus(String bus, String name) {
        return new FakeDevice() {
            @Override
            public String busName() {
                return bus;
            }

            @Override
            public String name() {
                return name;
            }
        };
    }

    private VhostUserBusDriver driver(Rig.Config config) {
        return new VhostUserBusDriver(config);
    }

    private Rig.Config config() {
        return Rig.config().socketDir(directory.toString());
    }

    @Test
    void aDeviceOfTheHostBusListensAtItsNameAndOneOfAnotherBusInAFolder() throws Exception {
        VhostUserBusDriver driver = driver(config());
        try (VdpaBusDriver.Binding host = driver.probe(onBus("host", "disk0"));
                VdpaBusDriver.Binding card = driver.probe(onBus("mic0", "disk0"))) {
            assertThat(host.endpoint()).isEqualTo(directory.resolve("disk0.sock").toString());
            assertThat(card.endpoint()).isEqualTo(directory.resolve("mic0/disk0.sock").toString());
            ScriptedFrontEnd.connect(Path.of(host.endpoint())).close();
            ScriptedFrontEnd.connect(Path.of(card.endpoint())).close();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("mic0"))))
                    .isEqualTo("rwx------");
        } finally {
            driver.deactivate();
        }
        assertThat(directory.resolve("disk0.sock")).doesNotExist();
        assertThat(directory.resolve("mic0/disk0.sock")).doesNotExist();
    }

    @Test
    void aPathLongerThanASocketCanHaveIsAnErrorThatSaysSo() {
        VhostUserBusDriver driver = driver(config());
        String name = "d".repeat(107 - 6 - directory.toString().length() + 1);
        assertThatThrownBy(() -> driver.probe(onBus("host", name)))
                .isInstanceOfSatisfying(VdpaException.class, e -> {
                    assertThat(e.error()).isEqualTo(VdpaError.ENAMETOOLONG);
                    assertThat(e.reason()).isEqualTo(Reason.CONFIG_INVALID);
                    assertThat(e).hasMessageContaining(directory + "/ddd").hasMessageContaining("108 bytes")
                            .hasMessageContaining("107");
                });
        driver.deactivate();
    }

    @Test
    void aPathOfTheGreatestLengthIsServed() throws Exception {
        VhostUserBusDriver driver = driver(config());
        String name = "d".repeat(107 - 6 - directory.toString().length());
        try (VdpaBusDriver.Binding binding = driver.probe(onBus("host", name))) {
            assertThat(binding.endpoint()).hasSize(107);
            ScriptedFrontEnd.connect(Path.of(binding.endpoint())).close();
        }
        driver.deactivate();
    }

    @Test
    void aPathThatSomebodyListensAtIsInUse() throws Exception {
        VhostUserBusDriver driver = driver(config());
        try (UnixListener other = UnixListener.bind(directory.resolve("disk0.sock"))) {
            assertThatThrownBy(() -> driver.probe(new FakeDevice()))
                    .isInstanceOfSatisfying(VdpaException.class, e -> {
                        assertThat(e.reason()).isEqualTo(Reason.SOCKET_IN_USE);
                        assertThat(e.error()).isEqualTo(VdpaError.EADDRINUSE);
                        assertThat(e).hasMessageContaining(other.path().toString());
                    });
        }
        driver.deactivate();
    }

    @Test
    void aSocketThatNobodyListensAtAnyMoreIsReplaced() throws Exception {
        Path path = directory.resolve("disk0.sock");
        UnixListener dead = UnixListener.bind(path);
        dead.fd().close(); // as a process that is killed: the file stays
        assertThat(path).exists();
        VhostUserBusDriver driver = driver(config());
        try (VdpaBusDriver.Binding binding = driver.probe(new FakeDevice());
                ScriptedFrontEnd frontEnd = ScriptedFrontEnd.connect(Path.of(binding.endpoint()))) {
            frontEnd.barrier();
        }
        driver.deactivate();
    }

    @Test
    void aFileThatIsNotASocketIsLeftAlone() throws Exception {
        Path path = Files.writeString(directory.resolve("disk0.sock"), "precious");
        VhostUserBusDriver driver = driver(config());
        assertThatThrownBy(() -> driver.probe(new FakeDevice()))
                .isInstanceOfSatisfying(VdpaException.class, e -> assertThat(e.reason()).isEqualTo(Reason.IN_USE))
                .hasMessageContaining("not a socket");
        assertThat(path).hasContent("precious");
        driver.deactivate();
    }

    @Test
    void theSocketHasTheModeAndOwnerOfTheSettings() throws Exception {
        String me = Files.getOwner(directory).getName();
        VhostUserBusDriver driver = driver(config().mode("0660").owner(me));
        try (VdpaBusDriver.Binding binding = driver.probe(new FakeDevice())) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(binding.endpoint()))))
                    .isEqualTo("rw-rw----");
            assertThat(Files.getOwner(Path.of(binding.endpoint())).getName()).isEqualTo(me);
        }
        driver.deactivate();
    }

    @Test
    void anOwnerThatDoesNotExistIsNamedAndLeavesNoSocket() {
        VhostUserBusDriver driver = driver(config().owner("nobody-of-that-name"));
        assertThatThrownBy(() -> driver.probe(new FakeDevice()))
                .isInstanceOf(VdpaException.class).hasMessageContaining("nobody-of-that-name");
        assertThat(directory).isEmptyDirectory();
        driver.deactivate();
    }

    @Test
    void withoutADirectoryADeviceIsBoundSaysWhyItIsNotServedAndIsServedOnceThereIsOne() throws Exception {
        VhostUserBusDriver driver = driver(Rig.config());
        try (VdpaBusDriver.Binding binding = driver.probe(new FakeDevice())) {
            assertThat(binding.endpoint()).isEmpty();
            assertThat(binding.health().reason()).isEqualTo(Reason.CONFIG_INVALID);
            assertThat(binding.health().sentence()).contains("socketDir");

            driver.modified(config());
            assertThat(binding.health().ok()).isTrue();
            ScriptedFrontEnd.connect(Path.of(binding.endpoint())).close();
        }
        driver.deactivate();
    }

    @Test
    void aWrongSettingIsNamedAndShownByDevicesThatCannotBeServed() throws Exception {
        VhostUserBusDriver driver = driver(config().mode("0999"));
        try (VdpaBusDriver.Binding binding = driver.probe(new FakeDevice())) {
            assertThat(binding.health().reason()).isEqualTo(Reason.CONFIG_INVALID);
            assertThat(binding.health().sentence()).contains("mode 0999").contains("octal");
            driver.modified(config().memoryPolicy("maybe"));
            assertThat(binding.health().sentence()).contains("memoryPolicy maybe").contains("sealed-only");
            driver.modified(config().maxMappedBytes(0));
            assertThat(binding.health().sentence()).contains("maxMappedBytes 0");
        }
        driver.deactivate();
    }

    @Test
    void aChangeOfSettingsDisconnectsNobody() throws Exception {
        try (Rig rig = new Rig(new FakeDevice()); ScriptedFrontEnd frontEnd = rig.connect()) {
            frontEnd.barrier();
            rig.driver.modified(config().mode("0666").unknownMessageBudget(3));
            frontEnd.barrier();
            assertThat(rig.binding.connected()).isTrue();
            assertThat(rig.binding.endpoint()).startsWith(rig.directory.toString());
            rig.driver.modified(Rig.config().socketDir(rig.directory.toString()));
        }
    }

    @Test
    void aSecondFrontEndIsTurnedAwayAndTheFirstGoesOn() throws Exception {
        try (Rig rig = new Rig(new FakeDevice()); ScriptedFrontEnd first = rig.connect()) {
            first.barrier();
            for (int i = 0; i < 20; i++) {
                try (ScriptedFrontEnd second = rig.connect()) {
                    second.expectClosed();
                }
            }
            first.barrier();
        }
    }

    @Test
    void whenAFrontEndHasLeftTheNextOneIsServedAtOnceEvenIfItCameBeforeTheDeviceWasFree() throws Exception {
        try (Rig rig = new Rig(new FakeDevice())) {
            for (int i = 0; i < 50; i++) {
                ScriptedFrontEnd frontEnd = rig.connect();
                if (i % 3 > 0) {
                    frontEnd.barrier();
                }
                if (i % 3 > 1) {
                    frontEnd.send(2, PLAIN, none()); // something to refuse on the way out
                }
                frontEnd.close();
            }
            try (ScriptedFrontEnd last = rig.connect()) {
                last.barrier();
            }
        }
    }

    @Test
    void whoComesTheMomentThatAnotherWasSentAwayIsServed() throws Exception {
        try (Rig rig = new Rig(new FakeDevice())) {
            for (int i = 0; i < 200; i++) {
                try (ScriptedFrontEnd wrong = rig.connect()) {
                    wrong.send(1, 3, none());
                    wrong.expectClosed();
                }
            }
            try (ScriptedFrontEnd right = rig.connect()) {
                right.barrier();
            }
        }
    }

    @Test
    void unbindingDisconnectsTheFrontEndAndResetsTheDevice() throws Exception {
        FakeDevice device = new FakeDevice();
        Rig rig = new Rig(device);
        try (ScriptedFrontEnd frontEnd = rig.connect()) {
            frontEnd.barrier();
            device.takeLog();
            Path socket = rig.socket();
            rig.close();
            frontEnd.expectClosed();
            assertThat(device.takeLog()).containsExactly("reset", "map");
            assertThatThrownBy(() -> ScriptedFrontEnd.connect(socket)).isInstanceOf(LinuxException.class);
        }
    }

    @Test
    void whileADeviceDoesNotLetGoItSaysSoAndItIsServedAgainOnceItDoes() throws Exception {
        FakeDevice device = new FakeDevice();
        try (Rig rig = new Rig(device)) {
            ScriptedFrontEnd frontEnd = rig.connect();
            frontEnd.barrier();
            device.fail("reset", VdpaError.ETIMEDOUT);
            frontEnd.close();
            Rig.await("the device says why", () -> rig.binding.health().reason() == Reason.BACKEND_STUCK);
            assertThat(rig.binding.connected()).isFalse();
            device.recover("reset");
            try (ScriptedFrontEnd next = rig.connect()) {
                next.barrier();
                assertThat(rig.binding.health().ok()).isTrue();
            }
        }
    }
}
