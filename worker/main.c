/* paperscout-worker */

int main(void)
{
    return 1;
}
