package io.busbar.core.virtio.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.InvokeInstruction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the speed of the rings hangs on, and what nothing else would show before a measurement. */
class HotMethodsTest {

    /** HotSpot's FreqInlineSize: a longer method is not compiled into its callers, however often it is called. */
    private static final int LONGEST = 325;

    @ParameterizedTest
    @CsvSource({
        "SplitDeviceRing,takeUsual", "SplitDeviceRing,readUsual", "SplitDeviceRing,walk", "SplitDeviceRing,walkWritable",
        "SplitDeviceRing,publish", "SplitDriverRing,add", "SplitDriverRing,addDirect", "SplitDriverRing,poll",
    })
    void methods_of_the_hot_path_are_short_enough_to_be_compiled_into_their_callers(String type, String name)
            throws IOException {
        assertThat(((CodeAttribute) code(type, name)).codeLength()).isLessThanOrEqualTo(LONGEST);
    }

    @ParameterizedTest
    @CsvSource({
        "SplitDeviceRing,readUsual", "SplitDeviceRing,walk", "SplitDeviceRing,walkWritable", "SplitDriverRing,addDirect",
    })
    void loops_over_descriptors_access_memory_by_what_the_compiler_always_takes_in(String type, String name)
            throws IOException {
        assertThat(code(type, name).elementList().stream()
                .filter(InvokeInstruction.class::isInstance)
                .map(call -> ((InvokeInstruction) call).owner().asInternalName()))
                .contains("java/lang/invoke/VarHandle")
                .doesNotContain(RingWords.class.getName().replace('.', '/'));
    }

    private static CodeModel code(String type, String name) throws IOException {
        try (InputStream in = HotMethodsTest.class.getResourceAsStream(type + ".class")) {
            ClassModel model = ClassFile.of().parse(in.readAllBytes());
            MethodModel method = model.methods().stream()
                    .filter(candidate -> candidate.methodName().equalsString(name))
                    .findFirst().orElseThrow();
            return method.code().orElseThrow();
        }
    }
}
