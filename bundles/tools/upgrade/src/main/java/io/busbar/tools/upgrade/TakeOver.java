package io.busbar.tools.upgrade;

import io.busbar.api.vdpa.HandoverBus;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.UnixStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Reference;

/**
 * The new process's side: takes over the devices of the process that has started this one, once. How it went the launcher is told
 * by a service, a {@link CompletableFuture} with the property {@code busbar.take-over}: it ends when the devices are served, or
 * with what was in the way.
 */
@Component(service = {}, immediate = true, configurationPid = UpgradeConfig.PID, configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class TakeOver {

    private static final String SERVICE = "busbar.take-over";
    private static final long CONNECT_NANOS = 5_000_000_000L;
    private static final Duration SEND = Duration.ofSeconds(5);
    /** The other process decides how long each step may take: without it there is nothing to do here. */
    private static final Duration NEXT_STEP = Duration.ofMinutes(5);

    private final HandoverBus bus;

    /**
     * Begins, if the configuration says so.
     *
     * @param context of the bundle
     * @param bus     gets the devices
     * @param config  where the other process is
     */
    @Activate
    public TakeOver(
            BundleContext context, @Reference(target = "(" + VdpaBus.BUS + "=" + VdpaBus.HOST + ")") VdpaBus bus, UpgradeConfig config) {
        this.bus = bus instanceof HandoverBus able ? able : null;
        if (!config.connect().isEmpty()) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            context.registerService(CompletableFuture.class, done, FrameworkUtil.asDictionary(Map.of(SERVICE, true)));
            Thread.ofPlatform().name("busbar-take-over").daemon().start(() -> run(Path.of(config.connect()), done));
        }
    }

    private void run(Path socket, CompletableFuture<Void> done) {
        try (RecordChannel channel = new RecordChannel(UnixStream.connect(socket, CONNECT_NANOS))) {
            RecordRehearsal.run();
            channel.send(RecordType.HELLO, Records.text(FrameworkUtil.getBundle(TakeOver.class).getVersion().toString()), SEND);
            takeOver(channel);
            done.complete(null);
        } catch (IOException | VdpaException | RuntimeException | LinkageError e) {
            done.completeExceptionally(e);
        }
    }

    private void takeOver(RecordChannel channel) throws IOException, VdpaException {
        RecordChannel.Received places = channel.receive(NEXT_STEP).expect(RecordType.OPEN);
        step(channel, () -> able().open(Records.places(places.content(), places.numbers())));
        RecordChannel.Received next = channel.receive(NEXT_STEP);
        while (next.type() == RecordType.DEVICE) {
            adopt(channel, next);
            next = channel.receive(NEXT_STEP);
        }
        next.expect(RecordType.ADOPT);
        channel.send(RecordType.DONE, new byte[0], SEND);
        channel.receive(NEXT_STEP).expect(RecordType.COMMIT);
        bus.resume();
        channel.send(RecordType.DONE, new byte[0], SEND);
    }

    private void adopt(RecordChannel channel, RecordChannel.Received device) throws IOException, VdpaException {
        refusing(channel, () -> able().adopt(Records.stopped(device.content(), device.numbers())));
    }

    private HandoverBus able() throws VdpaException {
        if (bus == null) {
            throw new VdpaException(VdpaError.EOPNOTSUPP, "the bus takes no devices over");
        }
        return bus;
    }

    private interface Step {
        void run() throws VdpaException;
    }

    private static void step(RecordChannel channel, Step step) throws IOException, VdpaException {
        refusing(channel, step);
        channel.send(RecordType.DONE, new byte[0], SEND);
    }

    private static void refusing(RecordChannel channel, Step step) throws IOException, VdpaException {
        try {
            step.run();
        } catch (VdpaException refused) {
            channel.send(RecordType.REFUSED, Records.refusal(refused), SEND);
            throw refused;
        } catch (RuntimeException | LinkageError thrown) {
            channel.send(RecordType.REFUSED,
                    Records.refusal(new VdpaException(VdpaError.EIO, Reason.INTERNAL, thrown.toString(), thrown)), SEND);
            throw thrown;
        }
    }
}
