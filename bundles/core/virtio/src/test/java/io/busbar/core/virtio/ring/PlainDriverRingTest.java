package io.busbar.core.virtio.ring;

class PlainDriverRingTest extends DriverRingContract {

    @Override
    DriverRing make(DriverRingConfig config) {
        return Rings.plainDriver(config);
    }
}
