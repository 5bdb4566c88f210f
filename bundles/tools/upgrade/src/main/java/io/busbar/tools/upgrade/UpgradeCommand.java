package io.busbar.tools.upgrade;

import io.busbar.api.command.CommandCall;
import io.busbar.api.command.ShellCommand;
import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.Designate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code upgrade SCRIPT}: the old process's side. */
@Component(service = ShellCommand.class, configurationPid = UpgradeConfig.PID)
@Designate(ocd = UpgradeConfig.class)
public final class UpgradeCommand implements ShellCommand {

    private static final Logger LOG = LoggerFactory.getLogger(UpgradeCommand.class);
    private static final String CONSOLE = "--console";
    private static final long NOTIFY_SECONDS = 5;

    private final VdpaBus bus;
    /** What is on them comes over a link of this process, and goes with it. */
    private final Collection<VdpaBus> others = new CopyOnWriteArrayList<>();
    private final UpgradeConfig config;

    /**
     * Makes the command.
     *
     * @param bus    whose devices are handed over
     * @param config where the instance's state is
     */
    @Activate
    public UpgradeCommand(
            @Reference(target = "(" + VdpaBus.BUS + "=" + VdpaBus.HOST + ")") VdpaBus bus, UpgradeConfig config) {
        this.bus = bus;
        this.config = config;
    }

    @Reference(
            target = "(!(" + VdpaBus.BUS + "=" + VdpaBus.HOST + "))",
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC)
    void bindOther(VdpaBus other) {
        others.add(other);
    }

    void unbindOther(VdpaBus other) {
        others.remove(other);
    }

    @Override
    public String name() {
        return "upgrade";
    }

    @Override
    public String summary() {
        return "hand all devices over to a new process, guests connected";
    }

    @Override
    public String help() {
        return """
                Usage: upgrade SCRIPT
                       starts the busbar script of another distribution as a new process, which takes over all devices with
                       their guests connected; then this one ends. "busbar upgrade" gives this command. If anything is in the
                       way, this process goes on and says what it was
                """;
    }

    @Override
    public int run(CommandCall call) {
        if (call.words().size() != 1) {
            call.err(help());
            return FAILED;
        }
        if (!(bus instanceof HandoverBus able) || config.directory().isEmpty()) {
            call.err("upgrade: this Busbar was not started by its launcher: nothing can be handed over\n");
            return FAILED;
        }
        Optional<VdpaDevice> stays = others.stream().flatMap(other -> other.devices().stream()).findFirst();
        if (stays.isPresent()) {
            call.err("upgrade: " + stays.get().busName() + "/" + stays.get().name() + " is on a bus that cannot go on in another process;"
                    + " this process goes on\n");
            return FAILED;
        }
        Path script = call.directory().resolve(call.words().getFirst());
        if (!Files.isExecutable(script)) {
            call.err("upgrade: " + script + " is not there or cannot be run: expected the busbar script of a distribution\n");
            return FAILED;
        }
        return upgrade(able, script, call);
    }

    private int upgrade(HandoverBus able, Path script, CommandCall call) {
        List<String> command = new ArrayList<>(List.of(script.toString(), "__successor"));
        command.addAll(List.of(config.arguments()));
        Path directory = Path.of(config.directory());
        try (NewProcess next = NewProcess.start(command, directory, !command.contains(CONSOLE))) {
            able.handOver(next);
            Files.writeString(directory.resolve("busbar.pid"), next.pid() + "\n");
            tellServiceManager(next.pid());
            String report = "process " + next.pid() + ", version " + next.version() + ", has all devices; no device was served for "
                    + next.pause();
            LOG.info("upgrade: {}", report);
            call.out("upgraded: " + report + "\n");
        } catch (VdpaException refused) {
            LOG.warn("upgrade refused: {}", refused.getMessage());
            call.err("upgrade: " + refused.getMessage() + "; this process goes on\n");
            return FAILED;
        } catch (IOException e) {
            LOG.error("the new process's id cannot be noted", e);
        }
        call.whenAnswered(UpgradeCommand::end);
        return OK;
    }

    /** Else it would take our end for the service's. Java knows no datagrams of Unix sockets. */
    private static void tellServiceManager(long pid) throws IOException {
        if (System.getenv("NOTIFY_SOCKET") == null) {
            return;
        }
        Process told = new ProcessBuilder("systemd-notify", "MAINPID=" + pid).inheritIO().start();
        try {
            if (!told.waitFor(NOTIFY_SECONDS, TimeUnit.SECONDS) || told.exitValue() != 0) {
                throw new IOException("systemd-notify did not tell it to the service manager");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Nothing is closed in order: that would take the devices apart, which their drivers would see. */
    private static void end() {
        Runtime.getRuntime().halt(0);
    }

    @Override
    public List<String> complete(List<String> before) {
        return List.of();
    }
}
