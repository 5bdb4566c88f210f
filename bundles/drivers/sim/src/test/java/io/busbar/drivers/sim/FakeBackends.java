package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.DetailedBackend;
import io.busbar.api.backend.FencedBackend;
import io.busbar.api.backend.HandoverBackend;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.ResizableBackend;
import io.busbar.api.backend.RevocableBackend;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.api.backend.YieldingBackend;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** Opens backends that know the words {@code path}, {@code size} and a secret. */
final class FakeBackends implements BackendFactory {

    final List<Opened> opened = Collections.synchronizedList(new ArrayList<>());
    volatile BackendException failure;
    volatile boolean misfit;
    volatile boolean unreadable;
    volatile boolean resizable;
    volatile boolean network;
    volatile boolean disk;
    volatile boolean fences;
    /** Whether what is opened can be handed over to another process. */
    volatile boolean handsOver;
    /** Whether what is opened has its path for itself. */
    volatile boolean locks;
    /** Who has a path for himself. */
    final Map<String, Opened> locked = new ConcurrentHashMap<>();
    /** Run while a backend is opened. */
    volatile Runnable duringOpen = () -> { };
    volatile int capacity = 1;
    volatile Map<String, String> details = Map.of();
    private final String name;

    FakeBackends(String name) {
        this.name = name;
    }

    Opened last() {
        return opened.getLast();
    }

    @Override
    public String type() {
        return "block";
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String settings() {
        return "path FILE [size SIZE]";
    }

    @Override
    public String origin() {
        return "fake 1";
    }

    @Override
    public Backend open(BackendContext context) throws BackendException {
        if (failure != null) {
            throw failure;
        }
        duringOpen.run();
        String path = context.settings().required("path");
        context.settings().size("size");
        context.settings().text(".password");
        Opened backend = make(context, path);
        opened.add(backend);
        return backend;
    }

    private Opened make(BackendContext context, String path) throws BackendException {
        if (handsOver) {
            return new Owner(context, path, this);
        }
        if (locks) {
            return new Locked(context, path, this);
        }
        if (network) {
            return new Network(context, path, this);
        }
        if (disk) {
            return fences ? new Fencing(context, path, this) : new Disk(context, path, this);
        }
        return resizable ? new Resizable(context, path, this) : new Opened(context, path, this);
    }

    static class Opened implements RevocableBackend, DetailedBackend {

        final BackendContext context;
        final String path;
        final boolean misfit;
        final boolean unreadable;
        final int capacity;
        final Map<String, String> details;
        volatile boolean closed;
        volatile boolean revoked;

        Opened(BackendContext context, String path, FakeBackends factory) {
            this.context = context;
            this.path = path;
            this.misfit = factory.misfit;
            this.unreadable = factory.unreadable;
            this.capacity = factory.capacity;
            this.details = factory.details;
        }

        @Override
        public Map<String, String> details() {
            return details;
        }

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public void revoke() {
            revoked = true;
            close();
        }
    }

    static final class Owner extends Opened implements HandoverBackend {

        volatile int wentOn;

        Owner(BackendContext context, String path, FakeBackends factory) {
            super(context, path, factory);
        }

        @Override
        public BackendState handOver() {
            return new BackendState(3, path.getBytes(StandardCharsets.UTF_8), List.of(7));
        }

        @Override
        public void goOn() {
            wentOn++;
        }
    }

    static final class Resizable extends Opened implements ResizableBackend {

        volatile long size;
        volatile Runnable duringResize = () -> { };

        Resizable(BackendContext context, String path, FakeBackends factory) {
            super(context, path, factory);
        }

        @Override
        public void resize(long newCapacity) throws BackendException {
            duringResize.run();
            if (newCapacity > 1 << 20) {
                throw new BackendException(BackendException.Kind.NO_SPACE, "no room for " + newCapacity);
            }
            size = newCapacity;
            context.infoChanged();
        }
    }

    /** One that has its path for itself, unless it is asked to yield it. */
    static final class Locked extends Opened implements YieldingBackend {

        private final FakeBackends factory;

        Locked(BackendContext context, String path, FakeBackends factory) throws BackendException {
            super(context, path, factory);
            this.factory = factory;
            reclaimStorage();
        }

        @Override
        public void yieldStorage() {
            factory.locked.remove(path, this);
        }

        @Override
        public void reclaimStorage() throws BackendException {
            if (factory.locked.putIfAbsent(path, this) != null) {
                throw new BackendException(BackendException.Kind.IN_USE, "file " + path + " is in use");
            }
        }

        @Override
        public void close() {
            yieldStorage();
            super.close();
        }
    }

    /** One whose requests can be failed by another. */
    static class Disk extends Opened implements BlockBackend {

        Disk(BackendContext context, String path, FakeBackends factory) {
            super(context, path, factory);
        }

        @Override
        public BlockInfo info() {
            return BlockInfo.ofMemory(4096);
        }

        @Override
        public void submit(BlockBatch batch) {
            throw new AssertionError("no request in these tests");
        }
    }

    /** One that can keep its requests from its storage. */
    static final class Fencing extends Disk implements FencedBackend {

        volatile boolean fenced;
        /** Why it cannot say yet that its storage is free. */
        volatile BackendException unsure;
        /** Holds up whoever asks. */
        final CountDownLatch answers = new CountDownLatch(1);
        volatile boolean hangs;
        volatile Runnable whenAsked = () -> { };

        Fencing(BackendContext context, String path, FakeBackends factory) {
            super(context, path, factory);
        }

        @Override
        public void fenceStorage() throws BackendException {
            whenAsked.run();
            if (hangs) {
                awaitAnswers();
            }
            if (unsure != null) {
                throw unsure;
            }
            fenced = true;
        }

        private void awaitAnswers() throws BackendException {
            try {
                answers.await();
            } catch (InterruptedException e) {
                throw new BackendException(BackendException.Kind.FAILED, "interrupted", e);
            }
        }
    }

    /** One of whose link nothing but the state is there. */
    static final class Network extends Opened implements NetBackend {

        volatile boolean linkUp = true;

        Network(BackendContext context, String path, FakeBackends factory) {
            super(context, path, factory);
        }

        @Override
        public NetInfo info() {
            return new NetInfo(NetInfo.ETHERNET_MTU, 1, false, false, linkUp);
        }

        @Override
        public String linkDownReason() {
            return "nobody is at " + path;
        }

        @Override
        public boolean transmit(int pair, NetFrame frame) {
            return true;
        }

        @Override
        public WaitingFrame peek(int pair) {
            return null;
        }

        @Override
        public void taken(int pair) {
        }
    }
}
