package io.busbar.core.virtio.ring;

class SpecialisedDriverRingTest extends DriverRingContract {

    @Override
    DriverRing make(DriverRingConfig config) {
        return Rings.driver(config);
    }
}
