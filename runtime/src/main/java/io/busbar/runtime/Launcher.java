package io.busbar.runtime;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.osgi.framework.BundleException;
import org.slf4j.LoggerFactory;

/**
 * Starts one Busbar from a distribution and serves until SIGTERM or SIGINT, which end it with status 0, also while it
 * starts.
 *
 * <p>Exit status: 0 after a clean end, 1 if it did not come up or did not end in time, 2 for a wrong command line.
 */
public final class Launcher {
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final long STOP_DEADLINE_MILLIS = 10_000;

    /** Where the one who started us looks; {@link System#err} may become the log. */
    private static final PrintStream STARTER = System.err;

    private final Options options;
    private volatile Instance instance;
    private volatile BusbarFramework framework;
    private volatile int status;
    /** It was told to end, or has begun to: what a start fails with from then on is no failure. */
    private volatile boolean ending;

    private Launcher(Options options) {
        this.options = options;
    }

    /**
     * @param args see {@link Options}
     */
    public static void main(String[] args) {
        LogSetup.claimLogManager();
        try {
            var launcher = new Launcher(Options.parse(List.of(args), System.getenv(), defaultHome()));
            // Before anything that has to be taken back.
            Runtime.getRuntime().addShutdownHook(new Thread(launcher::end, "busbar-end"));
            launcher.run();
        } catch (UsageException e) {
            complain(e.getMessage());
            System.exit(USAGE);
        }
    }

    private void run() {
        try {
            instance = options.takeOver().isPresent()
                    ? Instance.successor(options.stateRoot(), options.instance())
                    : Instance.open(options.stateRoot(), options.instance());
            log();
            serve();
        } catch (UsageException e) {
            fail(e.getMessage());
        } catch (IOException | BundleException | RuntimeException e) {
            if (!ending) {
                LoggerFactory.getLogger(Launcher.class).error("Busbar did not come up", e);
            }
            fail(e.toString());
        } catch (InterruptedException _) {
            fail("interrupted");
        }
        // The hook does what is left, and halts with the status.
        System.exit(status);
    }

    private void log() throws UsageException {
        try {
            // The files are the other process's until this one has the instance.
            if (options.console() || !instance.isLocked()) {
                LogSetup.toConsole();
            } else {
                LogSetup.toFiles(instance.log());
                var printed = LoggerFactory.getLogger("printed");
                System.setErr(new PrintStream(new LoggedOutput(printed::warn), true, StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new UsageException("the log cannot be written: " + e);
        }
    }

    private void serve() throws UsageException, IOException, BundleException, InterruptedException {
        var features = Feature.readAll(options.home().resolve("features"));
        var settings = Settings.of(options, instance, features);
        SocketDirectory.require(settings.socketDir());
        if (options.disk().isPresent()) {
            FirstDisk.require(options.disk().get());
        }
        var devices = new ArrayList<DeviceFile>();
        for (Path file : options.devices()) {
            devices.add(DeviceFile.read(file));
        }
        framework = new BusbarFramework(options.home().resolve("bundles"), instance.frameworkCache());
        framework.start(features, settings.byPid());
        var use = "";
        if (options.takeOver().isPresent()) {
            takeOver(options.takeOver().get(), settings);
        } else {
            use = addDevices(devices, settings);
        }
        System.out.print(ReadyMessage.ready(instance.name(), settings.socketDir()) + "\n" + use);
        System.out.flush();
        ServiceManager.tellReady();
        LoggerFactory.getLogger(Launcher.class).info("ready: instance {}, sockets in {}", instance.name(), settings.socketDir());
        framework.awaitStop();
    }

    /** Returns how the first disk is used, if there is one. */
    private String addDevices(List<DeviceFile> devices, Settings settings) throws UsageException, IOException, InterruptedException {
        FirstDisk.awaitControl(instance.controlSocket());
        StoredDevices.await(instance.devices(), instance.controlSocket());
        var use = "";
        if (options.disk().isPresent()) {
            var socket = FirstDisk.add(instance.controlSocket(), options.disk().get(), settings.socketDir());
            use = ReadyMessage.use(socket, options.home().resolve("guest/linux.uml"), options.initrd()) + "\n";
        }
        for (DeviceFile file : devices) {
            file.add(instance.controlSocket());
        }
        return use;
    }

    /** Until the other process has committed itself whatever is in the way ends this one; after it, guests are served in any case. */
    private void takeOver(Path socket, Settings settings) throws UsageException, IOException, InterruptedException {
        framework.configure(settings.takingOver(socket));
        try {
            framework.awaitService(CompletableFuture.class, "busbar.take-over").get();
        } catch (ExecutionException e) {
            throw new UsageException("nothing was taken over: " + e.getCause().getMessage());
        }
        try {
            instance.takeOver();
            log();
            framework.configure(settings.with(Settings.ofInstance(instance)).byPid());
            FirstDisk.awaitControl(instance.controlSocket());
        } catch (IOException | UsageException e) {
            LoggerFactory.getLogger(Launcher.class).error("devices are served, and commands are not taken", e);
        }
    }

    private void fail(String message) {
        if (ending) {
            return;
        }
        status = FAILED;
        complain(message);
    }

    /** In the shutdown hook, whatever the reason: a signal, a command that stops the framework, a failure. */
    private void end() {
        ending = true;
        if (instance != null) {
            try {
                stop();
                LoggerFactory.getLogger(Launcher.class).info("ended");
            } catch (IOException | InterruptedException | RuntimeException e) {
                LoggerFactory.getLogger(Launcher.class).error("not ended cleanly", e);
                status = FAILED;
            }
        }
        // A JVM that a signal ends would have the signal's status, however clean its end was.
        Runtime.getRuntime().halt(status);
    }

    private void stop() throws IOException, InterruptedException {
        if (framework != null && !framework.stop(STOP_DEADLINE_MILLIS)) {
            LoggerFactory.getLogger(Launcher.class)
                    .error("not stopped after {} ms, ending all the same", STOP_DEADLINE_MILLIS);
            status = FAILED;
        }
        if (instance.isLocked()) {
            Files.deleteIfExists(instance.controlSocket());
        }
        instance.close();
    }

    private static void complain(String message) {
        message.lines().forEach(line -> STARTER.println("busbar: " + line));
    }

    /** The distribution is where lib/ is that this class came from. */
    private static Path defaultHome() throws UsageException {
        try {
            var source = Path.of(
                    Launcher.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            return source.getParent().getParent();
        } catch (URISyntaxException e) {
            throw new UsageException("no distribution at " + e.getInput());
        }
    }
}
